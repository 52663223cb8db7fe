import { isIP } from 'node:net';

/** How much of an IPv6 address names a subscriber: providers give a home a /56 (RIPE-690). */
const subscriberGroups = 3;
const subscriberMask = 0xff00;

/**
 * The part of an address that one subscriber cannot change at will: an IPv4 address as a whole, the
 * first 56 bits of an IPv6 address. IPv4 written as IPv6 (`::ffff:203.0.113.7`, `::ffff:cb00:7107`)
 * is IPv4, or everybody with IPv4 would be in one group.
 */
export function toAddressGroup(address: string | undefined): string {
  const plain = (address ?? '').replace(/%.*$/, '');
  if (isIP(plain) === 4) return plain;
  if (isIP(plain) !== 6) return 'unknown';
  const groups = expand(plain);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return groups.slice(6).flatMap(toBytes).join('.');
  const first = groups.slice(0, subscriberGroups).map((group) => group.toString(16));
  return `${first.join(':')}:${(groups[subscriberGroups]! & subscriberMask).toString(16)}::/56`;
}

/** The eight groups of an IPv6 address, however it is written. */
function expand(address: string): number[] {
  // URL knows every way to write one and gives the shortest, in hexadecimal alone.
  const [left = '', right = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const toGroups = (text: string) => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const [before, after] = [toGroups(left), toGroups(right)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return [...before, ...zeros, ...after];
}

function toBytes(group: number): [number, number] {
  return [group >> 8, group & 0xff];
}
