// At the end of its file, when whatever held the machine up is likely over. Why the first try failed is printed.
if (process.env['CI']) import.meta.jest.retryTimes(1, { logErrorsBeforeRetry: true });
