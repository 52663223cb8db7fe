import { basename } from 'node:path';
import type { Request, Response } from 'express';
import { faultTable, type FaultyEndpoint, faultyEndpoints } from '../faults.ts';
import { sendPage } from '../pages.ts';
import type { Person } from '../people.ts';
import type { SandboxParts } from '../parts.ts';
import { isMadeUp, type Registration } from '../registrations.ts';
import { hostsWithFaults, serviceNames, serviceOfHost, services, wordsOfPlace } from '../services.ts';
import type { Problem } from './control-error.ts';
import { playedApis } from '../addresses.ts';
import { listAccess, listFaults, listRequests, listTokens } from './lists.ts';
import type { ControlParts } from './parts.ts';
import { showTime } from './times.ts';
import { tryItClients } from './try-it-clients.ts';

/** How much of each kind is shown; the API has the rest. */
const limits = { access: 100, tokens: 50, requests: 100, names: 40 };

/** A form that could not be done: what is wrong, and what was typed. */
export interface Refused {
  readonly status: number;
  readonly section: string;
  readonly problems: readonly Problem[];
  readonly input: Readonly<Record<string, string>>;
}

function isTryIt({ service, clientSecret }: Registration): boolean {
  return tryItClients[service].clientSecret === clientSecret;
}

/** A secret that anybody can read in the source may be shown; one that somebody configured never. */
function showSecret(registration: Registration): string | null {
  return isMadeUp(registration) || isTryIt(registration) ? registration.clientSecret : null;
}

function showRegistration(registration: Registration) {
  const { service, clientId, clientSecret, name, redirectUris } = registration;
  return {
    name,
    serviceName: serviceNames[service],
    clientId,
    redirectUris,
    secret: showSecret(registration),
    hasSecret: clientSecret !== null,
  };
}

export function showPerson({ basePath }: SandboxParts, person: Person) {
  return {
    ...person,
    picture: person.hasPicture ? `${basePath}/control/faces/${encodeURIComponent(person.id)}` : null,
  };
}

function showPeople(parts: SandboxParts) {
  const { people } = parts.state;
  const shown = people.listShown();
  return {
    people: shown.map((person) => showPerson(parts, person)),
    more: people.list().length - shown.length,
  };
}

const groupTitles: Readonly<Record<string, string>> = {
  authorization: 'Authorization',
  tokens: 'Tokens',
  'ID token': 'ID token',
  profile: 'Profile',
};

function groupTitle(group: string): string {
  if (!Object.hasOwn(faultyEndpoints, group)) return groupTitles[group] ?? group;
  return `The answer: ${faultyEndpoints[group as FaultyEndpoint].words.replace(/,$/, '')}`;
}

function showFaults(parts: SandboxParts) {
  const { on, known } = listFaults(parts);
  const named = known.map((fault) => ({
    ...fault,
    serviceNames: fault.services.map((service) => serviceNames[service]).join(', '),
  }));
  return {
    on: on.map((fault) => ({
      ...fault,
      where: wordsOfPlace(fault.at),
      effect: faultTable[fault.name].effect,
    })),
    groups: [...Map.groupBy(named, ({ group }) => groupTitle(group))].map(([title, faults]) => ({
      title,
      faults,
    })),
    places: services.map((service) => ({
      service,
      name: serviceNames[service],
      hosts: hostsWithFaults.filter((host) => serviceOfHost(host) === service),
    })),
  };
}

function showTokens(parts: SandboxParts) {
  const tokens = listTokens(parts, limits.tokens).map((token) => ({
    ...token,
    serviceName: serviceNames[token.service],
    ends: token.endsAt === null ? null : showTime(Date.parse(token.endsAt)),
  }));
  const all = parts.state.listTokens();
  const alive = all.filter(({ expiresAt }) => expiresAt > parts.now());
  return {
    tokens,
    more: all.length - tokens.length,
    alive: services
      .filter((service) => alive.some((token) => token.service === service))
      .map((service) => ({ service, name: serviceNames[service] })),
  };
}

function showAccess(parts: SandboxParts) {
  const all = listAccess(parts);
  const shown = all.slice(-limits.access).reverse();
  return {
    list: shown.map((access) => ({ ...access, serviceName: serviceNames[access.service] })),
    more: all.length - shown.length,
  };
}

function shortened(names: readonly string[]): string[] {
  const shown = names.slice(0, limits.names).map((name) => name.slice(0, 60));
  const left = names.length - shown.length;
  return left === 0 ? shown : [...shown, `and ${left} more`];
}

function showRequests(parts: SandboxParts) {
  const rows = listRequests(parts, limits.requests).map((record) => ({
    ...record,
    time: showTime(Date.parse(record.time)),
    path: record.path.slice(0, 200),
    tone: record.verdict === 'ok' ? 'ok' : record.status === null ? 'warn' : 'bad',
    faults: record.faults.map((name) => ({ name, effect: faultTable[name].effect })),
    sent: { query: shortened(record.queryNames), body: shortened(record.bodyNames) },
  }));
  return { rows, total: parts.state.requests.length };
}

function showSettings({ state }: SandboxParts) {
  const { settings } = state;
  const listed = state.people.listShown();
  const { autoApproveAs: as } = settings;
  const isListed = as === null || listed.some(({ id }) => id === as);
  return {
    ...settings,
    scopes: settings.autoApproveScopes?.join(' ') ?? '',
    people: [...listed.map(({ id, name }) => ({ id, name })), ...(isListed ? [] : [{ id: as, name: as }])],
  };
}

/** The page at `/`: what there is, what is going on, and the levers. */
export function sendControlPage(
  parts: ControlParts,
  req: Request,
  res: Response,
  refused: Refused | null = null,
): void {
  const { baseUrl, registrations, stateFile } = parts;
  const notice = refused ? null : parts.notices.take(req.query['notice']);
  res.status(refused?.status ?? 200);
  sendPage(parts, res, 'root', null, {
    title: notice?.words ?? 'pretended services',
    baseUrl,
    notice,
    refused,
    input: refused?.input ?? {},
    playedApis,
    registrations: registrations.map(showRegistration),
    persons: showPeople(parts),
    access: showAccess(parts),
    issued: showTokens(parts),
    faults: showFaults(parts),
    settings: showSettings(parts),
    log: showRequests(parts),
    stateFileName: stateFile === null ? null : basename(stateFile),
  });
}
