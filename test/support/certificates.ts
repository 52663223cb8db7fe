import { generateKeyPairSync, sign } from 'node:crypto';

/** A key with a certificate over it, both as PEM. */
export interface Certified {
  readonly key: string;
  readonly cert: string;
}

export interface CertificateFacts {
  /** The one DNS name that it is for. */
  readonly name: string;
  /** Milliseconds since 1970. By default good now. */
  readonly from?: number;
  readonly until?: number;
}

const hour = 60 * 60 * 1000;

/** Signs its own certificate: trusted by whoever is told to trust it (X.509, RFC 5280). */
export function createCertificate(facts: CertificateFacts): Certified {
  const { name, from = Date.now() - hour, until = Date.now() + hour } = facts;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));
  const who = sequence(set(sequence(oid('550403'), der(0x0c, Buffer.from(name)))));
  const altName = sequence(der(0x82, Buffer.from(name)));
  // It is its own authority.
  const constraints = sequence(der(0x01, Buffer.of(0xff)));
  const extensions = sequence(
    sequence(oid('551d11'), der(0x04, altName)),
    sequence(oid('551d13'), der(0x01, Buffer.of(0xff)), der(0x04, constraints)),
  );
  const content = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1)),
    ecdsaWithSha256,
    who,
    sequence(instant(from), instant(until)),
    who,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
  const signature = der(0x03, Buffer.of(0), sign('sha256', content, privateKey));
  const certificate = sequence(content, ecdsaWithSha256, signature);
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`,
  };
}

/** One value of ASN.1: its tag, its length, its content. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

const sequence = (...parts: Buffer[]): Buffer => der(0x30, ...parts);
const set = (...parts: Buffer[]): Buffer => der(0x31, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));

/** GeneralizedTime: `20300131120000Z`. */
function instant(milliseconds: number): Buffer {
  const digits = new Date(milliseconds)
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/\D/g, '');
  return der(0x18, Buffer.from(`${digits}Z`));
}
