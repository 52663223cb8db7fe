import { RedisStore } from 'connect-redis';
import { createClient } from 'redis';
import { setting } from './setting.ts';

/** The store that express-session's own list names first for production. */
export async function createRedisStore(): Promise<RedisStore> {
  const client = createClient({ url: setting.redisUrl });
  await client.connect();
  return new RedisStore({ client });
}
