import express from 'express';
import { homePage, setting } from './setting.ts';

/** Nobody can log in here: what an Express application takes to start. */
const app = express();
app.get('/', (_request, response) => void response.send(homePage));
app.listen(setting.port, '127.0.0.1');
