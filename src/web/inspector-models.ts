/** What the inspector's pages are given, beside `view-models.ts`. */

import type { ComparedLine } from '../inspector/compare.ts';
import type { Diagram } from '../inspector/diagram.ts';
import type { Source } from '../inspector/sources.ts';
import type { Text } from '../inspector/text.ts';
import type { Verdict } from '../inspector/verdict.ts';
import type { Action, TimeWords } from './view-models.ts';

export type Tag = { readonly words: string; readonly kind: 'ok' | 'warn' | 'bad' | 'plain' };

export interface Choice {
  readonly name: string;
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly words: string; readonly chosen: boolean }[];
}

export interface FlowRow {
  readonly name: string;
  readonly href: string;
  /** `03:43:12`. */
  readonly clock: string;
  readonly started: TimeWords;
  readonly service: string;
  readonly purpose: string;
  readonly result: Tag;
  readonly steps: number;
  readonly took: string;
}

export interface FlowListPage {
  readonly href: string;
  readonly filters: readonly Choice[];
  readonly rows: readonly FlowRow[];
  /** Why there are no rows; null when there are some. */
  readonly empty: { readonly words: string; readonly actions: readonly Action[] } | null;
  /** Newer and older. */
  readonly turns: readonly Action[];
  readonly limits: string;
}

export interface ShownField {
  readonly name: string;
  readonly value: Text;
  readonly meaning: { readonly words: string; readonly source: Source } | null;
}

export interface ShownMessage {
  readonly title: 'Request' | 'Response';
  /** Line, headers and body as they were on the wire. */
  readonly text: Text;
  readonly fields: readonly ShownField[];
}

export interface ShownCheck {
  readonly words: string;
  readonly kind: 'ok' | 'bad' | 'warn' | 'off';
  readonly title: string;
  readonly expected: string;
  readonly actual: Text;
  readonly source: Source;
}

export interface ShownStep {
  readonly number: number;
  readonly from: string;
  readonly to: string;
  readonly title: string;
  readonly failed: boolean;
  readonly words: string;
  readonly standsFor: string | null;
  readonly checks: readonly ShownCheck[];
  readonly messages: readonly ShownMessage[];
  readonly decoded: readonly {
    readonly title: string;
    readonly parts: readonly { readonly title: string; readonly fields: readonly ShownField[] }[];
  }[];
  readonly departures: readonly { readonly what: string; readonly why: string; readonly source: string }[];
  readonly curl: string | null;
  readonly took: string | null;
  readonly source: Source;
}

export interface FlowPage {
  readonly listHref: string;
  readonly heading: string;
  readonly verdict: Verdict;
  /** Set while it waits. */
  readonly reload: Action | null;
  readonly summary: readonly { readonly label: string; readonly words: string; readonly code: boolean }[];
  readonly result: Tag;
  readonly notes: readonly string[];
  readonly providerName: string;
  readonly diagram: Diagram;
  readonly steps: readonly ShownStep[];
  readonly jsonHref: string;
  readonly mermaid: string;
  readonly compare: { readonly href: string; readonly a: string; readonly choice: Choice } | null;
  readonly turns: readonly Action[];
}

export interface ComparePage {
  readonly listHref: string;
  readonly flows: readonly {
    readonly name: string;
    readonly href: string;
    readonly verdict: Verdict;
  }[];
  readonly summary: readonly ComparedLine[];
  readonly steps: readonly {
    readonly title: string;
    readonly numbers: string;
    readonly different: readonly ComparedLine[];
    readonly same: readonly ComparedLine[];
  }[];
}
