/** Lets other work go on until something has happened; gives up after a few seconds. */
export async function until(happened: () => boolean | Promise<boolean>, milliseconds = 5000): Promise<void> {
  const deadline = performance.now() + milliseconds;
  while (!(await happened())) {
    if (performance.now() > deadline) throw new Error('it did not happen');
    await new Promise(setImmediate);
  }
}
