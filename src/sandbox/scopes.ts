import type { Api } from './services.ts';

/** What a scope means, in words for a person. Scopes without words here are shown by their name. */
export const scopeWords: Readonly<Record<string, string>> = {
  openid: 'Know who you are',
  'user:read:email': 'Read your e-mail address',
  user_read: 'Read your profile and e-mail address',
  'user:details:self': 'Read your e-mail address and other private details',
  profile: 'Read your profile',
  email: 'Read your e-mail address',
  patreon: 'Know whether you support the service',
  offline_access: 'Stay connected while you are away',
  'PROFILE:READ': 'Read your profile',
  'PHONE:READ': 'Read your phone number',
  'CONTACTS:READ': 'Read your contacts and block list',
  'ASSETS:READ': 'Read your assets',
  'SNAPSHOTS:READ': 'Read your transfer history',
  'MESSAGES:REPRESENT': 'Let the bot send messages in your name',
  'CIRCLES:READ': 'Read your circles',
  'CIRCLES:WRITE': 'Change your circles',
  'COLLECTIBLES:READ': 'Read your collectibles',
};

const words = (text: string): string[] => text.trim().split(/\s+/);

const twitchScopes = words(`
  openid analytics:read:extensions analytics:read:games bits:read channel:bot channel:edit:commercial
  channel:manage:ads channel:manage:broadcast channel:manage:clips channel:manage:extensions
  channel:manage:guest_star channel:manage:moderators channel:manage:polls channel:manage:predictions
  channel:manage:raids channel:manage:redemptions channel:manage:schedule channel:manage:videos
  channel:manage:vips channel:moderate channel:read:ads channel:read:charity channel:read:editors
  channel:read:goals channel:read:guest_star channel:read:hype_train channel:read:polls
  channel:read:predictions channel:read:redemptions channel:read:stream_key channel:read:subscriptions
  channel:read:vips chat:edit chat:read clips:edit editor:manage:clips moderation:read
  moderator:manage:announcements moderator:manage:automod moderator:manage:automod_settings
  moderator:manage:banned_users moderator:manage:blocked_terms moderator:manage:chat_messages
  moderator:manage:chat_settings moderator:manage:guest_star moderator:manage:shield_mode
  moderator:manage:shoutouts moderator:manage:suspicious_users moderator:manage:unban_requests
  moderator:manage:warnings moderator:read:automod_settings moderator:read:banned_users
  moderator:read:blocked_terms moderator:read:chat_messages moderator:read:chat_settings
  moderator:read:chatters moderator:read:followers moderator:read:guest_star moderator:read:moderators
  moderator:read:shield_mode moderator:read:shoutouts moderator:read:suspicious_users
  moderator:read:unban_requests moderator:read:vips moderator:read:warnings user:bot user:edit
  user:edit:broadcast user:manage:blocked_users user:manage:chat_color user:manage:whispers
  user:read:blocked_users user:read:broadcast user:read:chat user:read:email user:read:emotes
  user:read:follows user:read:moderated_channels user:read:subscriptions user:read:whispers
  user:write:chat whispers:read`);

const krakenScopes = words(`
  user_read user_blocks_edit user_blocks_read user_follows_edit user_subscriptions channel_read
  channel_editor channel_commercial channel_stream channel_subscriptions channel_check_subscription
  chat_login openid channel_feed_read channel_feed_edit collections_edit communities_edit
  communities_moderate viewing_activity_read`);

const mixerScopes = words(`
  achievement:view:self channel:analytics:self channel:clip:create:self channel:clip:delete:self
  channel:costream:self channel:deleteBanner:self channel:details:self channel:follow:self
  channel:streamKey:self channel:teststream:view:self channel:update:self chat:ad_break
  chat:bypass_catbot chat:bypass_filter chat:bypass_links chat:bypass_slowchat chat:cancel_skill
  chat:change_ban chat:change_role chat:chat chat:clear_messages chat:connect chat:edit_options
  chat:giveaway_start chat:poll_start chat:poll_vote chat:purge chat:remove_message chat:timeout
  chat:view_deleted chat:whisper delve:view:self interactive:manage:self interactive:robot:self
  invoice:view:self log:view:self oauth:manage:self recording:manage:self redeemable:create:self
  redeemable:redeem:self redeemable:view:self resource:find:self subscription:cancel:self
  subscription:create:self subscription:renew:self subscription:view:self team:manage:self
  transaction:cancel:self transaction:view:self user:act_as user:analytics:self user:details:self
  user:getDiscordInvite:self user:log:self user:notification:self user:seen:self user:update:self
  user:updatePassword:self`);

const resoniteScopes = words('openid profile email patreon offline_access');

const mixinScopes = words(`
  PROFILE:READ PHONE:READ CONTACTS:READ ASSETS:READ SNAPSHOTS:READ MESSAGES:REPRESENT CIRCLES:READ
  CIRCLES:WRITE COLLECTIBLES:READ STICKER:READ APPS:READ APPS:WRITE`);

const known: Readonly<Record<Api | 'mixin', ReadonlySet<string>>> = {
  twitch: new Set(twitchScopes),
  kraken: new Set(krakenScopes),
  mixer: new Set(mixerScopes),
  mixin: new Set(mixinScopes),
  resonite: new Set(resoniteScopes),
};

export function unknownScopes(api: Api | 'mixin', scopes: readonly string[]): string[] {
  return scopes.filter((scope) => !known[api].has(scope));
}

const retiredTwitchScopes = new Set(['whispers:edit', 'user:edit:follows', ...krakenScopes]);

/** Whether any of the services has this scope. */
export function isKnownScope(scope: string): boolean {
  return Object.values(known).some((scopes) => scopes.has(scope));
}

/** Twitch refuses these at the authorization endpoint with words of their own: the retired and the v5 names. */
export function isRetiredTwitchScope(scope: string): boolean {
  return retiredTwitchScopes.has(scope) && !known.twitch.has(scope);
}

/** `user_read` is what Kraken's profile asks for. */
const indispensable = new Set(['openid', 'profile', 'offline_access', 'PROFILE:READ', 'user_read']);

export function withoutDispensable(scopes: readonly string[]): string[] {
  return scopes.filter((scope) => indispensable.has(scope));
}
