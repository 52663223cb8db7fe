/**
 * What each page is given. A template reads these fields and nothing else: no request, no
 * configuration, no database row ever reaches a template.
 */

import type { Meaning } from '../inspector/meanings.ts';
import type { Flash } from '../sessions/session.ts';

/** An instant, ready to print: `<time datetime="{iso}">{words}</time> ({relative})`. */
export interface TimeWords {
  iso: string;
  /** `21 November 2026 at 03:43 UTC`, or `03:43 UTC` when it was today. */
  words: string;
  /** `2 minutes ago`, `in 3 hours`. */
  relative: string;
}

interface ProviderName {
  id: string;
  name: string;
}

/** A button that posts, or a link. `fields` become hidden inputs. */
export interface Action {
  label: string;
  /** Hidden words after the label, so that equal labels differ for a screen reader. */
  labelSuffix?: string;
  href: string;
  method: 'post' | 'get';
  fields: Record<string, string>;
  /** What to know before pressing it; its id belongs to this action alone. */
  note?: { id: string; text: string };
  /** `main` fixes something, `plain` is the usual button, `danger` removes, `text` looks like a link. */
  look: 'main' | 'plain' | 'danger' | 'text';
}

export interface NavigationItem {
  action: Action;
  current: boolean;
}

/** What every page of the application shares. */
export interface Shell {
  /** Whole title, the outcome of a flash first: `Twitch linked – Your accounts – Latchkey`. */
  title: string;
  homeHref: string;
  /** Address of a file below public/, with a version: `/assets/latchkey.css?v=…`. */
  asset: (name: string) => string;
  manifestHref: string;
  /** What other sites show of a link to this page; null for pages that are of one person. */
  preview: { text: string; url: string; picture: string; pictureText: string } | null;
  navigation: readonly NavigationItem[];
  flash: Flash | null;
  theme: 'system' | 'light' | 'dark';
  themeHref: string;
  /** Where the theme form comes back to. */
  here: string;
  helpHref: string;
  /** Set when this installation plays providers in the sandbox: `Twitch, Mixer, Mixin and Resonite`. */
  sandboxNames: string | null;
}

export interface HomePage {
  /** One sentence above the buttons: `Sign in to see your profile.` */
  message: string | null;
  /** Empty when no provider works: the page then says so. */
  buttons: readonly {
    provider: ProviderName;
    lastUsed: boolean;
    /** Set when the service has been failing: what the person can do. The button works all the same. */
    warning: string | null;
    action: Action;
  }[];
  /** Lines below the buttons: `Mixer closed on 22 July 2020. This runs against the built-in sandbox.` */
  notes: readonly { name: string; text: string; setupHref: string | null }[];
  permissions: readonly {
    name: string;
    lines: readonly { words: string; scope: string | null; optional: boolean }[];
  }[];
  /** The recorded logins, where the inspector is on. */
  inspectorHref: string | null;
  /** The sandbox's own page, in development where it runs. */
  sandboxHref: string | null;
  /** Null in production. */
  stepMode: StepModeChoice | null;
  /** The pages for developers; null in production. */
  setupHref: string | null;
  learnHref: string | null;
}

interface StopField {
  name: string;
  value: readonly string[];
  /** Null for a parameter of the provider's own. */
  meaning: Meaning | null;
}

/** The switch for step mode, in which a login stops at each hop. */
export interface StepModeChoice {
  on: boolean;
  /** The sandbox plays a service, and stops too. */
  inSandbox: boolean;
  action: Action;
}

export interface HandOffPage {
  provider: ProviderName;
  /** The authorization request. Goes into the refresh and into the link. */
  href: string;
  /** What the provider will ask for, in words: `read your e-mail address`. */
  asks: readonly string[];
  /** In step mode: the request by its parameters. Null where the page leads on by itself. */
  stop: { address: string; fields: readonly StopField[] } | null;
}

export interface PermissionRow {
  words: string;
  scope: string;
  asked: boolean;
  granted: boolean;
}

export interface LinkedCard {
  provider: ProviderName;
  tag: { words: string; kind: 'ok' | 'warn' | 'bad' | 'plain' };
  /** True when the sandbox plays this provider: a second, plain tag `Sandbox`. */
  sandbox: boolean;
  displayName: string;
  /** First letter for the tile that stands in for a missing picture. */
  initial: string;
  avatarUrl: string | null;
  /** `Account number`, `Mixin number`, `Account`. */
  handleLabel: string;
  handle: string;
  publicProfileUrl: string | null;
  /** One sentence for a state that needs one. */
  notice: { text: string; kind: 'warn' | 'bad' | 'plain' } | null;
  facts: readonly { label: string; words: string | null; time: TimeWords | null }[];
  permissions: readonly PermissionRow[];
  /** The stored profile as JSON text, private values hidden. */
  rawProfile: string;
  actions: readonly Action[];
}

export interface NotLinkedCard {
  provider: ProviderName;
  note: string | null;
  tag: string | null;
  /** Null when the provider cannot be linked here. */
  action: Action | null;
}

export interface ProfilePage {
  /** Sessions and devices, my data, delete my account. */
  links: readonly Action[];
  signedIn: { providerName: string; displayName: string; since: TimeWords };
  linked: readonly LinkedCard[];
  notLinked: readonly NotLinkedCard[];
}

/** Unlink, replace and every other page that asks once more before something is changed. */
export interface ConfirmPage {
  /** Null when it is about the whole account. */
  provider: ProviderName | null;
  heading: string;
  /** Paragraphs or, when there are several, a list. */
  consequences: readonly string[];
  actions: readonly Action[];
}

/** An identity that just proved itself belongs to another account here. */
export interface ConflictPage {
  provider: ProviderName;
  heading: string;
  /** The one sentence above the choices. */
  lead: string;
  /** `Choose what to do with ninja_dev.` after the form was sent without a choice. */
  problem: string | null;
  /** Where the form posts to; the fields are named `choice` and `decision`. */
  href: string;
  /** A hidden field: which question the form answers. */
  decision: string;
  /** `What you can do`. */
  legend: string;
  /** Nothing is preselected. */
  choices: readonly { value: string; label: string; hint: string | null }[];
  submit: string;
  /** `Choose another Twitch account`. */
  another: Action;
}

export interface SessionRow {
  /** Roughly, from the browser's own word: `Chromium on Linux`. */
  device: string;
  /** `Twitch as ninja_dev`. */
  signedInWith: string;
  started: TimeWords;
  lastActive: TimeWords;
  /** The last part cut off: `203.0.113.x`. */
  address: string;
  /** This very session; it has no action. */
  current: boolean;
  action: Action | null;
}

export interface SessionsPage {
  /** This session first, then the others, the last active first. */
  sessions: readonly SessionRow[];
  /** Signs out all others; null when there are none: `You are signed in only here.` */
  endOthers: Action | null;
}

export interface ErrorPage {
  provider: ProviderName | null;
  heading: string;
  /** What happened, in sentences; says what was changed, mostly nothing. */
  reason: string;
  /** Only in development: what the person who runs this server can do. */
  developer: DeveloperBlock | null;
  actions: readonly Action[];
  /** `See what happened, step by step`: the recorded login, where the inspector is on. */
  trace: Action | null;
  details: {
    time: TimeWords;
    reference: string;
    code: string;
    /** The provider's own words, cut at 300 characters, shown as text after `Twitch said:`. */
    providerSaid: string | null;
  };
}

export interface DeveloperBlock {
  text: string;
  /** What to paste somewhere: a return address, with the name of its service. */
  values: readonly { label: string; value: string }[];
  /** The variables to look at. */
  settings: readonly string[];
  setupHref: string;
}

export interface HelpPage {
  sections: readonly {
    heading: string;
    paragraphs: readonly string[];
    /** Where other pages lead to this section. */
    id?: string;
    link?: { label: string; href: string };
  }[];
}

/** One check: its name, its state, what is so, what to do. */
export interface CheckRow {
  name: string;
  tag: { words: string; kind: 'ok' | 'warn' | 'plain' };
  sentence: string;
  fix: string | null;
}

export interface SetupService {
  provider: ProviderName;
  tag: { words: string; kind: 'ok' | 'warn' | 'plain' };
  /** The service is gone: of the rest only variables are shown, where there are any. */
  closed: string | null;
  redirectUri: string;
  where: { href: string | null; place: string; field: string | null };
  rules: readonly string[];
  /** Empty for a service that is gone, as long as nothing is wrong. */
  variables: readonly { name: string; words: string; open: boolean }[];
  snippet: string;
  message: string | null;
  /** Null when the service is off: there is nothing to check. */
  check: Action | null;
  checked: {
    at: TimeWords;
    rows: readonly CheckRow[];
    /** What was sent: `GET https://id.twitch.tv/oauth2/authorize: 302 after 80 ms`. */
    sent: readonly string[];
    /** The recorded messages; null as long as nothing records them. */
    traceHref: string | null;
  } | null;
}

export interface SetupPage {
  verdict: string;
  /** Set when no credentials are there and the sandbox plays everything. */
  sandboxHref: string | null;
  homeHref: string;
  server: readonly CheckRow[];
  services: readonly SetupService[];
}

export interface LearnPage {
  /** In the order of RFC 6749 4.1. */
  steps: readonly {
    heading: string;
    rule: { words: string; href: string } | null;
    text: string;
    /** The same step of the reader's own last login; null when there is none. */
    ownHref: string | null;
    /** Where it is done: `startLogin() in src/login/flow.ts`. */
    places: readonly { label: string; href: string }[];
  }[];
  /** The reader's own last login; null when none is recorded. */
  lastFlowHref: string | null;
  homeHref: string;
  stepMode: StepModeChoice | null;
  departures: {
    names: readonly string[];
    rows: readonly { label: string; cells: readonly string[] }[];
  };
}

export interface SourcePage {
  file: string;
  learnHref: string;
  lines: readonly string[];
}
