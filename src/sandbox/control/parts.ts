import type { Kept } from '../kept.ts';
import type { SandboxParts } from '../parts.ts';
import type { Notices } from './notices.ts';
import type { TryItLogin } from './try-it-login.ts';

/** What the page for people, the JSON API and Try it share, beside what the pretended hosts share. */
export interface ControlParts extends SandboxParts {
  notices: Notices;
  /** The logins that Try it started, by their state. */
  logins: Kept<TryItLogin>;
}
