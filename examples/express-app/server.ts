import express from 'express';
import { latchkey } from 'latchkey';

const port = Number(process.env['PORT'] ?? 3000);
const login = await latchkey({
  settings: { BASE_URL: `http://localhost:${port}/login-area`, SANDBOX_PORT: process.env['SANDBOX_PORT'] },
  on: { signedIn: ({ account }) => console.log(`${account.name} signed in`) },
});

const app = express();
app.use(login.middleware);
app.get('/', (_request, response) => {
  response.send(`<p><a href="${login.paths.signIn}">Sign in</a>, or go to <a href="/me">your page</a>.`);
});
app.get('/me', login.requireAccount, (request, response) => {
  response.json({ id: request.account!.id, name: request.account!.name });
});
const server = app.listen(port, 'localhost', () => console.log(`http://localhost:${port}`));
process.once('SIGTERM', () => void login.close(server));
