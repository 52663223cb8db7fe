import { ServerResponse } from 'node:http';

/** One answer that a server of this process has sent. */
export interface SentAnswer {
  /** Which server: the port that it listens on. */
  readonly port: number;
  /** The request's path and query. */
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string;
}

const send = ServerResponse.prototype.end;

/** Who keeps answers at the moment: a test file may ask for them more than once. */
const keepers = new Set<SentAnswer[]>();

function sendAndKeep(this: ServerResponse, ...parts: unknown[]) {
  const [body] = parts;
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body.toString() : '';
  const { localPort = 0 } = this.req.socket;
  const url = (this.req as { originalUrl?: string }).originalUrl ?? this.req.url ?? '';
  const headers = { ...this.getHeaders() } as Record<string, string | string[]>;
  for (const answers of keepers)
    answers.push({ port: localPort, url, status: this.statusCode, headers, body: text });
  return Reflect.apply(send, this, parts);
}

/** Keeps every answer that any server of this process ends while the tests of this file run. */
export function useAnswers(): SentAnswer[] {
  const answers: SentAnswer[] = [];
  beforeAll(() => {
    keepers.add(answers);
    ServerResponse.prototype.end = sendAndKeep as typeof send;
  });
  afterAll(() => {
    keepers.delete(answers);
    if (keepers.size === 0) ServerResponse.prototype.end = send;
  });
  return answers;
}
