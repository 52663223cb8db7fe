import type { Identity } from './account-store.ts';

/** One identity of an account, as an application around Latchkey sees it. */
export interface LinkedIdentity {
  /** The provider's id, as it stands in addresses. */
  readonly provider: string;
  /** `sandbox` when the pretended provider vouched for it. */
  readonly mode: 'live' | 'sandbox';
  /** The person's id at the provider. With `provider` and `mode` it names one person for good. */
  readonly subject: string;
  /** For display alone: people change it, and two may have the same. */
  readonly name: string;
  /** The number or name that the provider's own pages show. */
  readonly handle: string;
  readonly avatarUrl: string | null;
  readonly publicProfileUrl: string | null;
  readonly linkedAt: Date;
}

/** Who is signed in. */
export interface Account {
  /** Stays the same whatever is linked or unlinked: the key for tables of your own. */
  readonly id: string;
  /** Name of the identity that signed in; for display alone. */
  readonly name: string;
  /** The identity that signed in. */
  readonly signedInWith: LinkedIdentity;
  /** When a provider vouched for this person last. */
  readonly signedInAt: Date;
  /** All that is linked, the oldest link first. */
  readonly identities: readonly LinkedIdentity[];
}

export function toLinkedIdentity(identity: Identity): LinkedIdentity {
  return {
    provider: identity.provider,
    mode: identity.mode === 'live' ? 'live' : 'sandbox',
    subject: identity.subject,
    name: identity.display_name,
    handle: identity.handle,
    avatarUrl: identity.avatar_url,
    publicProfileUrl: identity.public_profile_url,
    linkedAt: new Date(identity.linked_at),
  };
}

/**
 * Null when nothing is linked. In the middle of an unlinking or a replacement the identity that signed in
 * may be gone already: then another one of the account stands for it.
 */
export function toAccount(
  { accountId, identityId, signedInAt }: { accountId: string; identityId: string; signedInAt: number },
  identities: readonly Identity[],
): Account | null {
  const wayIn = identities.find(({ id }) => id === identityId) ?? identities[0];
  if (!wayIn) return null;
  return {
    id: accountId,
    name: wayIn.display_name,
    signedInWith: toLinkedIdentity(wayIn),
    signedInAt: new Date(signedInAt),
    identities: identities.map(toLinkedIdentity),
  };
}
