import type { ErrorCode } from '../errors.ts';
import type { CheckName } from './checks.ts';
import type { Kept } from './kept.ts';
import type { Field, Text } from './text.ts';

/** Who speaks and who is spoken to. The phone is where some providers ask the person. */
export const lanes = ['phone', 'browser', 'app', 'provider'] as const;
export type Lane = (typeof lanes)[number];

/** What a flow is for: a login's intents, what happens to tokens outside of logins, and checks of the setup. */
export const purposes = [
  'sign-in',
  'link',
  'switch',
  'ask',
  'reauthenticate',
  'renew',
  'validate',
  'read',
  'revoke',
  'check',
] as const;
export type Purpose = (typeof purposes)[number];

/** A back-channel message, by what it asks for. */
export type MessageKind =
  | 'token'
  | 'refresh'
  | 'revocation'
  | 'validation'
  | 'userinfo'
  | 'keys'
  /** The two that a check of the setup sends. They end in a refusal, or in a page that nobody looks at. */
  | 'trial-authorization'
  | 'trial-token';
export type StepKind = 'start' | 'authorization' | 'callback' | MessageKind | 'ending';

/** One message as text, and what is in it by name. */
export interface Message {
  /** `POST /oauth2/token HTTP/1.1` or `HTTP/1.1 200 OK`. */
  readonly line: Text;
  readonly headers: readonly Field[];
  /** Query, form or JSON, the outermost names. */
  readonly parameters: readonly Field[];
  readonly body: Text;
}

/** The readable parts of a JWT; its signature is never kept. */
export interface DecodedToken {
  readonly title: string;
  readonly header: readonly Field[];
  readonly claims: readonly Field[];
}

export type CheckResult = 'passed' | 'failed' | 'skipped';

export interface Check {
  readonly name: CheckName;
  readonly result: CheckResult;
  /** What was there instead of, or as, what was expected. */
  readonly actual: Text;
}

export interface Step {
  readonly number: number;
  readonly kind: StepKind;
  readonly from: Lane;
  readonly to: Lane;
  /** `POST /oauth2/token`, at the address that the provider is known by. */
  title: string;
  /** The same address in full, while the sandbox or an override stands in for it; else null. */
  readonly standsFor: string | null;
  readonly at: number;
  milliseconds: number | null;
  request: Kept<Message> | null;
  response: Kept<Message> | null;
  status: number | null;
  /** Why no answer came: `ECONNREFUSED`, `TimeoutError`, … */
  trouble: string | null;
  /** Why it was not even sent: `it has been failing since 03:40 UTC`; null for what was. */
  unsent: string | null;
  readonly checks: Check[];
  readonly decoded: Kept<DecodedToken>[];
}

export type FlowResult =
  | { readonly kind: 'waiting' }
  /** `outcome` is the login's resolution, or what became of the tokens. */
  | { readonly kind: 'finished'; readonly outcome: string }
  | { readonly kind: 'refused'; readonly step: number; readonly code: ErrorCode }
  | {
      readonly kind: 'failed';
      readonly step: number;
      /** Null when only a check says what is wrong. */
      readonly code: ErrorCode | null;
      /** The provider's `error` in the standard's words. */
      readonly oauthError: string | null;
    };

/** Everything that happened in one login, renewal, validation, reading or revocation. */
export interface Flow {
  readonly id: string;
  readonly purpose: Purpose;
  readonly provider: { readonly id: string; readonly name: string };
  readonly mode: string;
  readonly startedAt: number;
  endedAt: number | null;
  /** Whole marks of browsers, and account ids: who may see it. */
  readonly owners: Set<string>;
  readonly requestedScope: readonly string[];
  /** Null until the provider has said it. */
  grantedScope: readonly string[] | null;
  readonly redirectUri: string;
  readonly usesSecret: boolean;
  readonly steps: Step[];
  result: FlowResult;
  /** Sentences about the recording itself. */
  readonly notes: string[];
  /** Roughly what it takes in memory. */
  bytes: number;
  /** What its login's state is known by; null for a flow that is no login. */
  stateMark: string | null;
}
