/** Where a rule comes from. */
export interface Source {
  readonly words: string;
  /** Null for what this application decided itself. */
  readonly href: string | null;
}

const rfc = (number: number) => (section: string) => ({
  words: `RFC ${number}, section ${section}`,
  href: `https://www.rfc-editor.org/rfc/rfc${number}#section-${section}`,
});

/** OAuth 2.0. */
export const oauth2 = rfc(6749);
/** Bearer tokens. */
export const bearer = rfc(6750);
/** Revocation. */
export const revocation = rfc(7009);
/** JSON Web Keys. */
export const jwk = rfc(7517);
/** PKCE. */
export const pkce = rfc(7636);
/** HTTP. */
export const http = rfc(9110);
/** The issuer in the authorization response. */
export const issuer = rfc(9207);
/** Best current practice for security. */
export const bestPractice = rfc(9700);

/** OpenID Connect Core, by section; the fragment is the specification's own name for it. */
export function openId(section: string, fragment: string): Source {
  return {
    words: `OpenID Connect Core, section ${section}`,
    href: `https://openid.net/specs/openid-connect-core-1_0.html#${fragment}`,
  };
}

export const fetchMetadata: Source = {
  words: 'Fetch Metadata, Sec-Fetch-Site',
  href: 'https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header',
};

/** Decided here; the file says why. */
export const ours = (file: string): Source => ({ words: `Latchkey, ${file}`, href: null });
