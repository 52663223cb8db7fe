import { toAddressGroup } from '../../src/web/address-group.ts';

test.each([
  ['203.0.113.7', '203.0.113.7'],
  // The same address, in every way that a socket or a proxy may write it.
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::FFFF:203.0.113.7', '203.0.113.7'],
  ['::ffff:cb00:7107', '203.0.113.7'],
  ['0:0:0:0:0:ffff:203.0.113.7', '203.0.113.7'],
  // IPv6 that only ends like IPv4: who has the prefix chooses the end.
  ['2001:db8:1:2300::203.0.113.7', '2001:db8:1:2300::/56'],
  ['2001:db8:1:23ff:1:2:3:4', '2001:db8:1:2300::/56'],
  ['2001:db8:1:2399::1', '2001:db8:1:2300::/56'],
  ['2001:db8:1:2400::1', '2001:db8:1:2400::/56'],
  ['2001:0DB8:0001:2345:0:0:0:1', '2001:db8:1:2300::/56'],
  ['::1', '0:0:0:0::/56'],
  ['fe80::1%eth0', 'fe80:0:0:0::/56'],
  ['not an address', 'unknown'],
  ['', 'unknown'],
  [undefined, 'unknown'],
])('%s belongs to %s', (address, group) => {
  expect(toAddressGroup(address)).toBe(group);
});
