import pg from 'pg';
import type { OwnRedis } from '../../test/support/redis-server.ts';
import type { TcpProxy, WireMode } from '../../test/support/tcp-proxy.ts';
import type { Nodes } from './nodes.ts';

/** Something that goes wrong, for a while. */
export interface Trouble {
  readonly name: string;
  readonly kind: 'provider' | 'store' | 'node';
  begin(): Promise<unknown>;
  end(): Promise<unknown>;
}

export interface Victims {
  readonly sandboxUrl: string;
  readonly databaseUrl: string;
  readonly wires: { readonly PostgreSQL: TcpProxy; readonly Redis: TcpProxy };
  readonly redis: OwnRedis;
  readonly nodes: Nodes;
  /** Told how long a node took until it was there again. */
  started(milliseconds: number): void;
}

const providerFaults = [
  ['twitch', 'token_500'],
  ['mixin', 'userinfo_hang'],
  ['resonite', 'token_hang'],
  ['mixer', 'token_503'],
  ['twitch', 'keys_500'],
  ['resonite', 'userinfo_html'],
  ['mixin', 'token_429'],
  ['mixer', 'refresh_500'],
  ['twitch', 'revoke_hang'],
  ['resonite', 'refresh_hang'],
  ['twitch', 'authorize_denied'],
  ['mixin', 'token_cut'],
] as const;

/** Every trouble there is: a provider, a store and a node in turn. */
export function listTroubles(victims: Victims): Trouble[] {
  const ofProviders = providerFaults.map(([service, fault]) => providerTrouble(victims, service, fault));
  const ofStores = storeTroubles(victims);
  const ofNodes = nodeTroubles(victims);
  const rounds = Math.max(ofProviders.length, ofStores.length, ofNodes.length);
  return Array.from({ length: rounds }, (_, index) => [
    ofProviders[index % ofProviders.length]!,
    ofStores[index % ofStores.length]!,
    ofNodes[index % ofNodes.length]!,
  ]).flat();
}

function providerTrouble({ sandboxUrl }: Victims, service: string, fault: string): Trouble {
  const url = `${sandboxUrl}/api/faults/${service}/${fault}`;
  const send = async (method: string) => {
    const answer = await fetch(url, { method });
    if (!answer.ok) throw new Error(`the sandbox answered ${answer.status} to ${method} ${url}`);
    await answer.body?.cancel();
  };
  const [begin, end] = [() => send('PUT'), () => send('DELETE')];
  return { kind: 'provider', name: `${service} ${fault}`, begin, end };
}

function storeTroubles({ wires, redis, databaseUrl }: Victims): Trouble[] {
  const wire = (store: keyof Victims['wires'], mode: WireMode, words: string): Trouble => ({
    kind: 'store',
    name: `${store} ${words}`,
    begin: () => wires[store].set(mode),
    end: () => wires[store].set('open'),
  });
  let holder: pg.Client | null = null;
  return [
    wire('PostgreSQL', 'cut', 'down'),
    wire('Redis', 'cut', 'down'),
    wire('PostgreSQL', 'clogged', 'silent'),
    wire('Redis', 'clogged', 'silent'),
    wire('PostgreSQL', 'slow', 'five seconds late'),
    wire('Redis', 'slow', 'five seconds late'),
    {
      kind: 'store',
      name: 'Redis killed and restarted',
      begin: () => redis.kill(),
      end: () => redis.start(),
    },
    {
      kind: 'store',
      name: 'PostgreSQL resets all connections',
      begin: async () => wires.PostgreSQL.reset(),
      end: async () => wires.PostgreSQL.reset(),
    },
    {
      kind: 'store',
      name: 'PostgreSQL has its tables locked',
      begin: async () => {
        holder = new pg.Client({ connectionString: databaseUrl });
        await holder.connect();
        await holder.query('begin');
        await holder.query('lock table accounts, identities in access exclusive mode');
      },
      end: async () => {
        await holder?.query('rollback');
        await holder?.end();
      },
    },
  ];
}

function nodeTroubles({ nodes, started }: Victims): Trouble[] {
  return nodes.ports.flatMap((_, node): Trouble[] => {
    const end = async () => started(await nodes.start(node));
    return [
      { kind: 'node', name: `node ${node + 1} killed`, begin: () => nodes.kill(node), end },
      { kind: 'node', name: `node ${node + 1} stopped by SIGTERM`, begin: () => nodes.stop(node), end },
    ];
  });
}
