import { isIP } from 'node:net';
import Bowser from 'bowser';

/** Longer ones are no browser's. */
const longestUserAgent = 512;

/** What a browser says about itself, roughly: `Firefox on Windows`; `Unknown device` when nothing is known. */
export function toDeviceWords(userAgent: string | undefined): string {
  const text = (userAgent ?? '').slice(0, longestUserAgent);
  if (text === '') return 'Unknown device';
  const { browser, os } = Bowser.parse(text);
  if (!browser.name && !os.name) return 'Unknown device';
  return os.name ? `${browser.name || 'Unknown browser'} on ${os.name}` : browser.name!;
}

/** An address without its end, which tells a place from another and no more: `203.0.113.x`, `2001:db8:1::x`. */
export function toCutAddress(address: string | undefined): string {
  const plain = (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
  if (isIP(plain) === 4) return plain.replace(/\d+$/, 'x');
  if (isIP(plain) !== 6) return 'unknown';
  const [left = ''] = plain.split('::');
  const groups = [...left.split(':').filter(Boolean), '0', '0', '0'].slice(0, 3);
  return groups.every((group) => group === '0') ? '::x' : `${groups.join(':')}::x`;
}
