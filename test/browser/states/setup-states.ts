import { madeUpClients } from '../../../src/sandbox/registrations.ts';
import { button, seeHeading, seeText } from '../steps.ts';
import type { PageState } from './page-state.ts';
import { at, hours, withSettings } from './ways.ts';

/** What the person who runs the site sees. */
export const setupStates: readonly PageState[] = [
  {
    name: 'setup',
    open: async (page, { baseUrl }) => {
      await page.goto(`${baseUrl}/setup`);
      await seeHeading(page, 'Setup');
    },
  },
  {
    name: 'setup-half-done',
    open: async (page, latchkey) => {
      const env = {
        TWITCH_CLIENT_ID: 'i'.repeat(30),
        RESONITE_CLIENT_ID: `${madeUpClients.resonite.clientId} `,
        RESONITE_CLIENT_SECRET: '"a-secret-of-resonite"',
      };
      await withSettings(env, '/setup', 'Setup')(page, latchkey);
      await seeText(page, 'Missing: TWITCH_CLIENT_SECRET');
      await seeText(page, 'Looks wrong: RESONITE_CLIENT_ID, RESONITE_CLIENT_SECRET');
    },
  },
  {
    name: 'setup-ready-at-twitch',
    open: async (page, latchkey) => {
      const env = {
        TWITCH_CLIENT_ID: 'a'.repeat(30),
        TWITCH_CLIENT_SECRET: 'b'.repeat(30),
        TWITCH_SCOPES: 'openid channel:bot',
      };
      await withSettings(env, '/setup', 'Setup')(page, latchkey);
      await seeText(page, '1 scope not known to Latchkey');
    },
  },
  {
    name: 'setup-nothing-without-sandbox',
    open: withSettings({ SANDBOX: 'off', SANDBOX_URL: '' }, '/setup', 'Setup'),
  },
  {
    name: 'setup-behind-a-proxy',
    open: async (page, latchkey) => {
      await page.setExtraHTTPHeaders({ 'X-Forwarded-For': '203.0.113.7' });
      await at('/setup', 'Setup')(page, latchkey);
      await seeText(page, 'TRUSTED_PROXIES');
    },
  },
  {
    name: 'setup-checked-all-well',
    open: async (page, latchkey) => {
      await at('/setup', 'Setup')(page, latchkey);
      await button(page, 'Check Resonite now').click();
      await page.locator('#check-resonite').waitFor();
    },
  },
  {
    name: 'setup-checked',
    open: async (page, latchkey) => {
      latchkey.sandbox.state.faults.set('twitch', 'authorize_redirect_mismatch');
      latchkey.sandbox.state.faults.set('twitch', 'token_wrong_secret');
      await page.goto(`${latchkey.baseUrl}/setup`);
      await button(page, 'Check Twitch now').click();
      await page.locator('#check-twitch').waitFor();
      latchkey.sandbox.state.faults.clear();
    },
  },
  {
    name: 'setup-checked-hours-ago',
    open: async (page, latchkey) => {
      await at('/setup', 'Setup')(page, latchkey);
      await button(page, 'Check Twitch now').click();
      await page.locator('#check-twitch').waitFor();
      latchkey.advance(hours(3));
      await at('/setup', 'Setup')(page, latchkey);
      await seeText(page, '3 hours ago');
    },
  },
  {
    name: 'setup-clock-differs',
    open: async (page, latchkey) => {
      latchkey.sandbox.state.faults.set('mixin', 'clock_ahead');
      await at('/setup', 'Setup')(page, latchkey);
      await button(page, 'Check Mixin now').click();
      await page.locator('#check-mixin').waitFor();
    },
  },
  { name: 'help', open: at('/help', 'Help') },
  {
    name: 'help-in-production',
    open: withSettings({ NODE_ENV: 'production', SANDBOX: 'on' }, '/help', 'Help'),
  },
];
