import type { SigningKey } from './signing-key.ts';
import type { Registration } from './registrations.ts';
import type { SandboxState } from './state.ts';

/** Everything the pretended hosts share. */
export interface SandboxParts {
  /** Public address without a trailing slash. */
  baseUrl: string;
  /** Path of `baseUrl`, empty when the sandbox has an origin to itself. */
  basePath: string;
  registrations: readonly Registration[];
  autoApprove: boolean;
  state: SandboxState;
  signingKey: SigningKey;
  /** Milliseconds. */
  now: () => number;
}
