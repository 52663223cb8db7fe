import { compareFlows, type ComparedLine } from '../inspector/compare.ts';
import type { Flow } from '../inspector/trace.ts';
import { toVerdict, verdictSentence } from '../inspector/verdict.ts';
import type { Context } from './context.ts';
import { isGivenUp, toExactTimeWords, toFlowDuration } from './flow-words.ts';
import { flowName, purposeWords } from '../inspector/words.ts';
import type { ComparePage } from './inspector-models.ts';

/** Two flows side by side: what differs comes first. */
export function toComparePage(context: Context, a: Flow, b: Flow): ComparePage {
  const now = context.now();
  const verdicts = [a, b].map((flow) => toVerdict(flow, isGivenUp(flow, now)));
  return {
    listHref: context.paths.inspector,
    flows: [a, b].map((flow, index) => ({
      name: `${flowName(flow)} ${toExactTimeWords(flow.startedAt)}`,
      href: context.paths.flow(flow.id),
      verdict: verdicts[index]!,
    })),
    summary: [
      toLine('Result', verdictSentence(verdicts[0]!), verdictSentence(verdicts[1]!)),
      toLine('Purpose', purposeWords[a.purpose], purposeWords[b.purpose]),
      toLine('Service', a.provider.name, b.provider.name),
      toLine('Mode', a.mode, b.mode),
      toLine('Asked for', a.requestedScope.join(' '), b.requestedScope.join(' ')),
      toLine('Granted', a.grantedScope?.join(' ') ?? 'nothing', b.grantedScope?.join(' ') ?? 'nothing'),
      toLine('Steps', String(a.steps.length), String(b.steps.length)),
      { ...toLine('Time taken', toFlowDuration(a), toFlowDuration(b)), differs: false },
    ],
    steps: compareFlows(a, b).map(({ title, a: one, b: other, lines }) => ({
      title,
      numbers: `${one ? `step ${one.number}` : 'not there'} and ${other ? `step ${other.number}` : 'not there'}`,
      different: lines.filter(({ differs }) => differs),
      same: lines.filter(({ differs }) => !differs),
    })),
  };
}

const toLine = (what: string, a: string, b: string): ComparedLine => ({ what, a, b, differs: a !== b });
