/**
 * What a client sends, where the samples are what a provider answers. Made with a fixed seed and clock,
 * and reproduced byte for byte by node:crypto and @noble/ed25519. All ids are made up.
 */
export const mixinSigning = {
  source: '@mixin.dev/mixin-node-sdk 7.5.5 signOauthAccessToken',
  confidence: 'documented',
  appId: '6f1c5b8e-3a51-4a0b-9a63-9d3b0f7f2c11',
  authorizationId: '0d9e4b52-7c1e-4c59-8f5a-2b6f3c1d7e88',
  clientSeedHex: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
  clientPublicKey: 'A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg',
  getMe: {
    uri: '/me',
    requestId: '3b8a1f0e-5d2c-4f6b-8a9e-1c2d3e4f5a6b',
    issuedAtSeconds: 1767225600,
    expiresAtSeconds: 1767229200,
    sig: '5e6b58ffa10b3bc51724ff0bbd2afb91c4771ee340f5d685340dfa4c854bafba',
    token:
      'eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiI2ZjFjNWI4ZS0zYTUxLTRhMGItOWE2My05ZDNiMGY3ZjJjMTEiLCJhaWQiOiIwZDllNGI1Mi03YzFlLTRjNTktOGY1YS0yYjZmM2MxZDdlODgiLCJpYXQiOjE3NjcyMjU2MDAsImV4cCI6MTc2NzIyOTIwMCwianRpIjoiM2I4YTFmMGUtNWQyYy00ZjZiLThhOWUtMWMyZDNlNGY1YTZiIiwic2lnIjoiNWU2YjU4ZmZhMTBiM2JjNTE3MjRmZjBiYmQyYWZiOTFjNDc3MWVlMzQwZjVkNjg1MzQwZGZhNGM4NTRiYWZiYSIsInNjcCI6IlBST0ZJTEU6UkVBRCJ9.lrgJMB9NTcP4fyhht6yGjgVB33Z4LOrVtuM8DsdT3YQnlgFwwE9PdbFbLmDAw6KtloD_JWDrQWVew3AzegZWDw',
  },
} as const;

/** The hash covers the decoded verifier; the RFC 7636 value of the same verifier stands beside it. */
export const mixinPkce = {
  source: '@mixin.dev/mixin-node-sdk 7.5.5 getChallenge; fox-one/mixin-sdk-go authorization.go CodeChallenge',
  confidence: 'documented',
  codeVerifier: 'dBgvLRw6SbBeZneImQCqu8zd7v8AESIzRFVmd4iZqrs',
  codeChallenge: 'VzmZhGReFepNo2rs5XACPJNesSIaxtdq6fwSiVpGo9I',
  rfc7636Challenge: 'HCl_Ff-cBNp8O83h4M3qOEY28Nu77YUToaZ409Iz4ic',
} as const;
