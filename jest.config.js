/** Runs the tests as the ES modules they are; @swc/jest only strips the types. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
  testMatch: ['**/*.test.ts'],
  // The samples in the documents import the package by its name.
  moduleNameMapper: { '^latchkey$': '<rootDir>/src/latchkey.ts' },
  testTimeout: 20_000,
};
