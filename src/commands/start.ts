import { main } from '../serve.ts';
import type { Command } from './command.ts';

export const start: Command = {
  name: 'start',
  summary: 'starts the application, and the sandbox where it is on',
  operands: [],
  options: {},
  details: ['Needs no setting on your own machine. Runs until a signal (Ctrl+C) ends it.'],
  variables: {
    NODE_ENV: 'production wants BASE_URL and SESSION_SECRET, and has no sandbox',
    BASE_URL: 'the public address',
    SESSION_SECRET: 'signs cookies and seals tokens: latchkey secret',
    HOST: 'where to listen; 127.0.0.1 by default',
    PORT: 'where to listen; 3000 by default',
    DATA_DIR: 'the folder of the embedded database; ./data by default',
    TWITCH_CLIENT_ID: 'with TWITCH_CLIENT_SECRET: Twitch itself; others likewise',
  },
  failure: 'the configuration cannot be used, a port is taken, or a store does not answer',
  async run() {
    await main();
    return undefined;
  },
};
