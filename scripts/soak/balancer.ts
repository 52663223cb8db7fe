import { type Answer, forward, type Listening, listenAndForward } from './forward.ts';
import type { Nodes } from './nodes.ts';
import type { Secrets } from './secrets.ts';

/** What the balancer has seen of the answers that went out. */
export interface Seen {
  answers: number;
  /** Answers that were cut off because their node was killed. */
  cutOff: number;
  /** In words, each with how often. */
  readonly wrong: Map<string, number>;
  longestMilliseconds: number;
  longestWhat: string;
  secrets: number;
}

/** What a browser is told when the node that had its request was killed. */
export const cutOffHeader = 'x-soak-cut-off';

export interface Balancer extends Listening {
  readonly seen: Seen;
  /** Begins to send what comes to these nodes. */
  serve(nodes: Nodes): void;
}

/**
 * The address that people open. It sends each request to a node that says it is ready, as balancers
 * do, and looks at everything that goes out.
 */
export async function openBalancer(secrets: Secrets, limitMilliseconds: number): Promise<Balancer> {
  const seen: Seen = {
    answers: 0,
    cutOff: 0,
    wrong: new Map(),
    longestMilliseconds: 0,
    longestWhat: '',
    secrets: 0,
  };
  const ready = new Set<number>();
  let turn = 0;
  let nodes: Nodes;
  let asking: NodeJS.Timeout;

  async function ask(node: number): Promise<void> {
    if (await nodes.isReady(node)) ready.add(node);
    else ready.delete(node);
  }

  const complain = (what: string) => seen.wrong.set(what, (seen.wrong.get(what) ?? 0) + 1);

  /** Ready ones in turn; without any, those that at least run have to say so themselves. */
  function inOrder(): number[] {
    turn += 1;
    const all = nodes.ports.map((_, index) => (index + turn) % nodes.ports.length);
    return [...all.filter((node) => ready.has(node)), ...all.filter((node) => !ready.has(node))];
  }

  const listening = await listenAndForward(async (exchange) => {
    const what = `${exchange.method} ${exchange.url.split('?')[0]}`;
    const startedAt = performance.now();
    for (const node of inOrder()) {
      try {
        const answer = await forward(exchange, nodes.ports[node]!);
        look(answer, what, performance.now() - startedAt);
        return answer;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') continue;
        if (!nodes.isKilled(node)) complain(`${what}: no answer (${(error as NodeJS.ErrnoException).code})`);
        seen.cutOff += 1;
        return gone;
      }
    }
    seen.cutOff += 1;
    return gone;
  });

  function look({ status, body, headers }: Answer, what: string, milliseconds: number): void {
    seen.answers += 1;
    if (milliseconds > seen.longestMilliseconds) {
      seen.longestMilliseconds = Math.round(milliseconds);
      seen.longestWhat = what;
    }
    if (milliseconds > limitMilliseconds) complain(`${what}: took ${Math.round(milliseconds / 1000)} s`);
    if (status >= 500 && status !== 502 && status !== 503) complain(`${what}: ${status}`);
    if (status === 503 && !headers['retry-after'] && !what.endsWith('/readyz'))
      complain(`${what}: 503 without Retry-After`);
    const found = secrets.countInPage(body.toString());
    if (found > 0) complain(`${what}: a secret in the answer`);
    seen.secrets += found;
  }

  return {
    port: listening.port,
    seen,
    serve(given) {
      nodes = given;
      asking = setInterval(() => void Promise.all(nodes.ports.map((_, node) => ask(node))), 250);
    },
    async close() {
      clearInterval(asking);
      await listening.close();
    },
  };
}

const gone: Answer = {
  status: 502,
  headers: { [cutOffHeader]: 'yes', 'content-type': 'text/plain' },
  body: Buffer.from('the node has gone'),
};
