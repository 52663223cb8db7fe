import { forward, type Listening, listenAndForward } from './forward.ts';
import type { Secrets } from './secrets.ts';

/** What an answer of a token endpoint holds that nobody else may see, wherever it stands in it. */
const secretMembers = new Set(['access_token', 'refresh_token', 'id_token', 'authorization_id', 'ed25519']);
/** What a request to one says about this application. */
const secretFields = ['client_secret', 'code_verifier', 'refresh_token', 'token'];

/** The wire between the nodes and the sandbox. It learns every secret that passes. */
export async function openProviderWire(sandboxPort: number, secrets: Secrets): Promise<Listening> {
  return listenAndForward(async (exchange) => {
    const answer = await forward(exchange, sandboxPort).catch(() => null);
    readForm(exchange.body);
    if (!answer) return null;
    readJson(answer.body.toString());
    secrets.add(exchange.headers.authorization?.replace(/^\w+ /, ''));
    readAddress(exchange.url);
    readAddress(String(answer.headers['location'] ?? ''));
    return answer;
  });

  function readForm(body: string): void {
    const fields = new URLSearchParams(body);
    for (const name of secretFields) secrets.add(fields.get(name));
    secrets.addForLogs(fields.get('code'));
    readJson(body);
  }

  function readAddress(address: string): void {
    if (!URL.canParse(address, 'http://localhost')) return;
    const { searchParams } = new URL(address, 'http://localhost');
    secrets.addForLogs(searchParams.get('code'));
  }

  function readJson(body: string): void {
    try {
      readMembers(JSON.parse(body));
    } catch {
      // A fault, or a page.
    }
  }

  function readMembers(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, member] of Object.entries(value)) {
      if (secretMembers.has(name)) secrets.add(member);
      readMembers(member);
    }
  }
}
