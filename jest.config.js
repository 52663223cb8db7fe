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
  // By default one core is left for jest itself, which has little to do: of two that would be half.
  maxWorkers: '100%',
  // The modules of a test file are never let go of by the process that has run it. One whose heap is
  // larger than this after a file makes room for a new one; and with a limit jest always takes
  // processes of their own for the tests, even for a single file.
  workerIdleMemoryLimit: '1GB',
  // In CI, where nobody can look again, a test that fails is tried once more. What needed that is
  // listed at the end, and many of them fail the run. On a developer's machine a failure is one.
  setupFilesAfterEnv: ['<rootDir>/test/support/second-try.ts'],
  reporters: ['default', '<rootDir>/test/support/second-tries.ts'],
  // A test that failed may have left a server or a browser open, for which jest would wait for ever.
  // On a developer's machine that is worth seeing.
  forceExit: Boolean(process.env.CI),
};
