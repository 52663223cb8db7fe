import type { Page } from 'playwright-core';
import type { ErrorCode } from '../../../src/errors.ts';
import type { RunningLatchkey } from '../../support/latchkey.ts';

/** A page that a person can meet, and the way there. */
export interface PageState {
  readonly name: string;
  /** Who is signed in, at which providers; nobody when missing. */
  readonly signedIn?: { readonly person?: string; readonly providers: readonly string[] };
  /** The error that the page is about. */
  readonly code?: ErrorCode;
  /** Goes there in an empty tab. */
  readonly open: (page: Page, latchkey: RunningLatchkey) => Promise<void>;
}
