import type { Identity, ProfileFailure } from '../accounts/account-store.ts';
import type { Intent } from '../accounts/resolve-account.ts';
import { allowedPicture, closingSentence, scopeWords } from '../providers/index.ts';
import type { Provider } from '../providers/provider.ts';
import { readScope } from '../providers/scope.ts';
import { type Grant, hasEnded } from '../sessions/grants.ts';
import type { SignedIn } from '../sessions/session.ts';
import type { Context, ServiceInUse } from './context.ts';
import { toRawProfile } from './hidden-values.ts';
import { form, link } from './page.ts';
import { toList } from './sentences.ts';
import { nameOfProvider, serviceLabel } from './services.ts';
import { toDateWords, toRelativeWords, toTimeWords } from './time-words.ts';
import { forceFields } from './ways-in.ts';
import type { Action, LinkedCard, NotLinkedCard, PermissionRow, ProfilePage } from './view-models.ts';

/** A linked identity and what this session may do with it. */
export interface IdentityWithGrant {
  readonly identity: Identity;
  /** The tokens that this session holds, or null. */
  readonly grant: Grant | null;
}

export function toProfilePage(
  context: Context,
  signedIn: SignedIn,
  linked: readonly IdentityWithGrant[],
): ProfilePage {
  const usedToSignIn = linked.find(({ identity }) => identity.id === signedIn.identityId) ?? linked[0];
  const used = usedToSignIn?.identity;
  return {
    signedIn: {
      providerName: used ? nameOfProvider(context, used.provider) : '',
      displayName: used?.display_name ?? '',
      since: toTimeWords(signedIn.signedInAt, context.now()),
    },
    links: [
      link('Sessions and devices', context.paths.sessions),
      ...(context.inspector ? [link('Sign-in flows', context.paths.inspector)] : []),
      link('Download my data (JSON)', context.paths.myData),
      link('Delete my account', context.paths.deleteAccount),
    ],
    linked: context.services.flatMap((service) =>
      linked
        .filter(({ identity }) => identity.provider === service.provider.id)
        .map((entry) => toLinkedCard(context, service, entry)),
    ),
    notLinked: context.services
      .filter((service) => !isLinked(service, linked))
      .map((service) => toNotLinkedCard(context, service)),
  };
}

function isLinked({ provider, client }: ServiceInUse, linked: readonly IdentityWithGrant[]): boolean {
  return linked.some(
    ({ identity }) => identity.provider === provider.id && (client === null || identity.mode === client.mode),
  );
}

function toLinkedCard(
  context: Context,
  service: ServiceInUse,
  { identity, grant }: IdentityWithGrant,
): LinkedCard {
  const { provider } = service;
  const now = context.now();
  const usable = service.client?.mode === identity.mode;
  const permissions = usable ? toPermissions(service, identity) : [];
  const missing = permissions.filter(({ asked, granted }) => asked && !granted);
  const cardState = toState({ service, identity, grant, usable, missing, now });
  return {
    provider: { id: provider.id, name: provider.name },
    tag: cardState.tag,
    sandbox: identity.mode === 'sandbox',
    displayName: identity.display_name,
    initial: [...identity.display_name][0] ?? '?',
    // The policy of this page allows the pictures of services in use.
    avatarUrl: service.client ? allowedPicture(provider, identity.avatar_url) : null,
    handleLabel: provider.words.handle,
    handle: identity.handle,
    // Made-up people have no page at the real service.
    publicProfileUrl: identity.mode === 'live' ? identity.public_profile_url : null,
    notice: cardState.notice,
    facts: toFacts(service, identity, grant, usable, now),
    permissions,
    rawProfile: toRawProfile(identity.userinfo, provider.privateFields),
    actions: toActions(context, service, identity, usable, cardState.fix),
  };
}

interface CardState {
  tag: LinkedCard['tag'];
  notice: LinkedCard['notice'];
  /** What mends it: the first button. */
  fix: 'link-again' | 'renew' | 'read-again' | 'ask-again' | { ask: number } | null;
}

interface CardFacts {
  service: ServiceInUse;
  identity: Identity;
  grant: Grant | null;
  usable: boolean;
  missing: readonly PermissionRow[];
  now: number;
}

/** The card's state: the first that holds, worst first. */
function toState(facts: CardFacts): CardState {
  return toUnusable(facts) ?? toEnded(facts) ?? toFailed(facts) ?? toIncomplete(facts) ?? working;
}

const working: CardState = { tag: { words: 'Working', kind: 'ok' }, notice: null, fix: null };

function state(
  kind: 'plain' | 'warn' | 'bad',
  words: string,
  text: string,
  fix: CardState['fix'],
): CardState {
  return { tag: { words, kind }, notice: { text, kind }, fix };
}

function toUnusable({ service, identity, usable }: CardFacts): CardState | null {
  if (usable) return null;
  const closed = closingSentence(service.provider);
  if (closed && service.client === null) {
    const text = `${closed} We keep the name and id you had; nothing can be read any more.`;
    return state('plain', 'Retired', text, null);
  }
  return state('plain', 'Not in use', toNotInUse(service, identity), null);
}

function toEnded({ service, identity, grant, now }: CardFacts): CardState | null {
  const { name } = service.provider;
  if (grant?.ended?.why === 'refused') {
    const text = `${name} says this link is no longer valid. This happens after a password change or when you disconnect the app there.`;
    return state('bad', 'Needs attention', text, 'link-again');
  }
  if (grant?.ended) {
    const text = `${name} now answers for another account than the one linked here. ${toCopyWords(identity)}`;
    return state('warn', 'Needs attention', text, 'link-again');
  }
  if (!grant || !hasEnded(grant, now)) return null;
  const day = toDateWords(grant.tokens.expiresAt ?? now);
  const text = `Access ended on ${day}. You can still sign in with it; we ask again then.`;
  return state('warn', 'Access ended', text, 'renew');
}

function toFailed({ service, identity, grant }: CardFacts): CardState | null {
  const { name } = service.provider;
  const failure = identity.profile_failure as ProfileFailure | null;
  if (grant === null) {
    const text = `This session holds no access to ${name}. ${toCopyWords(identity)}`;
    return state('plain', 'Not read in this session', text, 'ask-again');
  }
  if (failure === null) return null;
  const reason =
    failure === 'unreadable' ? `${name} sent a profile we cannot read.` : `We could not reach ${name}.`;
  return state('warn', 'Out of date', `${reason} ${toCopyWords(identity)}`, 'read-again');
}

function toCopyWords(identity: Identity): string {
  return `This is the copy from ${toDateWords(identity.profile_read_at)}.`;
}

function toIncomplete({ service, missing }: CardFacts): CardState | null {
  if (missing.length === 0) return null;
  const words = toList(missing.map((permission) => permission.words));
  const text = `${service.provider.name} did not give us: ${words}. Things that need it are off.`;
  return state('warn', 'Permissions missing', text, { ask: missing.length });
}

function toNotInUse({ provider: { name }, client }: ServiceInUse, identity: Identity): string {
  if (client === null) return `This server does not offer ${name} at the moment. We keep what you had.`;
  const made = identity.mode === 'sandbox' ? 'in the sandbox' : `at ${name} itself`;
  return `This account was made ${made}, which this server does not use for ${name} now. We keep what you had.`;
}

function toPermissions({ provider, client }: ServiceInUse, identity: Identity): PermissionRow[] {
  const asked = client?.scope ?? [];
  const granted = readScope(identity.granted_scope);
  return [...new Set([...asked, ...granted])].map((scope) => ({
    words: scopeWords(provider, scope),
    scope,
    asked: asked.includes(scope),
    granted: granted.includes(scope),
  }));
}

function toFacts(
  { provider }: ServiceInUse,
  identity: Identity,
  grant: Grant | null,
  usable: boolean,
  now: number,
): LinkedCard['facts'] {
  const at = (label: string, instant: number) => ({ label, words: null, time: toTimeWords(instant, now) });
  const facts = [
    at('Linked', identity.linked_at),
    at('Last used', identity.last_used_at),
    at('Profile read', identity.profile_read_at),
  ];
  if (!usable) return facts;
  const access = { label: 'Access', words: toAccessWords(provider.words.noEndDate, grant, now), time: null };
  const renewed = { label: 'Last renewed', words: 'never', time: null };
  return [
    ...facts,
    access,
    ...(grant?.tokens.refreshToken ? [grant.renewedAt ? at('Last renewed', grant.renewedAt) : renewed] : []),
  ];
}

function toAccessWords(noEndDate: string, grant: Grant | null, now: number): string {
  if (grant === null) return 'Not held in this session';
  if (grant.ended) return 'Ended';
  const { expiresAt, refreshToken } = grant.tokens;
  if (refreshToken !== null) return 'Renews by itself';
  if (expiresAt === null) return noEndDate;
  return expiresAt <= now ? 'Ended' : `Ends ${toRelativeWords(expiresAt - now)}`;
}

/** Fix it, then switch, then unlink: the order of their risk. */
function toActions(
  { paths }: Context,
  { provider }: ServiceInUse,
  identity: Identity,
  usable: boolean,
  fix: CardState['fix'],
): Action[] {
  const { id, name, words } = provider;
  const login = (label: string, fields: Record<string, string>, look: Action['look'] = 'plain') =>
    form(label, paths.login(id), fields, look);
  const unlinkHref = `${paths.unlink(id)}?mode=${identity.mode}`;
  const unlink = link(`Unlink ${name}`, unlinkHref, 'text');
  if (!usable) return [unlink];
  const again = { ...form('Read profile again', paths.readProfile(id)), labelSuffix: `from ${name}` };
  const switchAccount = login(words.switchAccount, withForce('switch', provider));
  const note = words.beforeSwitch === null ? {} : { note: { id: `switch-${id}`, text: words.beforeSwitch } };
  return [...toFixActions(fix, provider, again, login), { ...switchAccount, ...note }, unlink];
}

function toFixActions(
  fix: CardState['fix'],
  provider: Provider,
  readAgain: Action,
  login: (label: string, fields: Record<string, string>, look?: Action['look']) => Action,
): Action[] {
  const { name } = provider;
  if (fix === null) return [readAgain];
  if (fix === 'read-again') return [{ ...readAgain, label: 'Try again', look: 'main' }];
  if (fix === 'ask-again') return [login(`Ask ${name} again`, { intent: 'ask' })];
  if (fix === 'renew') return [login(`Ask ${name} again`, { intent: 'ask' }, 'main')];
  if (typeof fix === 'object') {
    const missing = fix.ask === 1 ? 'the missing permission' : `the ${fix.ask} missing permissions`;
    return [login(`Ask ${name} for ${missing}`, withForce('ask', provider), 'main'), readAgain];
  }
  return [login(`Link ${name} again`, { intent: 'ask' }, 'main')];
}

function toNotLinkedCard({ paths }: Context, service: ServiceInUse): NotLinkedCard {
  const { provider, client } = service;
  const card = { provider: { id: provider.id, name: provider.name } };
  const closed = closingSentence(provider);
  if (client === null) {
    return {
      ...card,
      note: closed ?? 'Not set up on this server.',
      tag: closed ? 'Retired' : 'Not offered',
      action: null,
    };
  }
  const action = form(`Link ${serviceLabel(service)}`, paths.login(provider.id), withForce('link', provider));
  if (client.mode === 'live') return { ...card, note: closed, tag: null, action };
  if (!closed) return { ...card, note: null, tag: 'Sandbox', action };
  return { ...card, note: `${closed} This runs against the built-in sandbox.`, tag: 'Sandbox only', action };
}

/**
 * With force where there is one. A remembered consent would link whatever account is signed in there,
 * switch to the one that is linked already, and give the permissions that it gave before.
 */
function withForce(intent: Intent, provider: Provider): Record<string, string> {
  return { intent, ...forceFields(provider) };
}
