import { answerDifferences, shapeDifferences } from '../support/wire-shape.ts';
import type { WireSample } from '../support/wire-samples/sample.ts';

const user = {
  id: 1,
  name: 'Ada',
  bio: null,
  verified: true,
  tags: ['mentor'],
  groups: [{ id: 1, name: 'User' }],
  channel: { id: 2, typeId: null },
};

const differences = (changes: object, rules = {}) => shapeDifferences(user, { ...user, ...changes }, rules);

describe('a shape', () => {
  test('is the same when values differ and types do not', () => {
    expect(shapeDifferences(user, user)).toEqual([]);
    expect(
      differences({ id: 7, name: '', verified: false, tags: ['a', 'b'], channel: { id: 0, typeId: null } }),
    ).toEqual([]);
  });

  test('is another one when a member is missing, at any depth', () => {
    const { name: _, ...withoutName } = user;
    expect(shapeDifferences(user, withoutName)).toEqual(['name is missing']);
    expect(differences({ channel: { id: 2 } })).toEqual(['channel.typeId is missing']);
    expect(differences({ groups: [{ id: 1, name: 'User' }, { id: 2 }] })).toEqual([
      'groups[].name is missing',
    ]);
  });

  test('is another one when a member is extra, at any depth', () => {
    expect(differences({ email: 'ada@example.test' })).toEqual(['email is extra']);
    expect(differences({ channel: { id: 2, typeId: null, name: 'x' } })).toEqual(['channel.name is extra']);
    expect(differences({ groups: [{ id: 1, name: 'User', more: 1 }] })).toEqual(['groups[].more is extra']);
  });

  test('is another one when a member has another name', () => {
    const { name, ...rest } = user;
    expect(shapeDifferences(user, { ...rest, Name: name })).toEqual(['name is missing', 'Name is extra']);
  });

  test.each<[string, object]>([
    ['id is string, not number', { id: '1' }],
    ['name is number, not string', { name: 1 }],
    ['name is null, not string', { name: null }],
    ['bio is string, not null', { bio: '' }],
    ['verified is string, not boolean', { verified: 'true' }],
    ['tags is string, not array', { tags: 'mentor' }],
    ['tags is object, not array', { tags: { 0: 'mentor' } }],
    ['tags[] is null, not string', { tags: ['mentor', null] }],
    ['tags is empty', { tags: [] }],
    ['channel is null, not object', { channel: null }],
    ['channel is array, not object', { channel: [] }],
  ])('is another one when %s', (difference, changes) => {
    expect(differences(changes)).toEqual([difference]);
  });

  test('is another one when the whole is no object, or nothing at all', () => {
    expect(shapeDifferences(user, [user])).toEqual(['the body is array, not object']);
    expect(shapeDifferences(user, undefined)).toEqual(['the body is missing, not object']);
    expect(shapeDifferences('', {})).toEqual(['the body is object, not string']);
  });

  test('may leave out what is optional, but not change its type', () => {
    const { bio: _, ...withoutBio } = user;
    expect(shapeDifferences(user, withoutBio, { optional: ['bio'] })).toEqual([]);
    expect(differences({ bio: 1 }, { optional: ['bio'] })).toEqual(['bio is number, not null']);
    expect(differences({ channel: { id: 2 } }, { optional: ['typeId'] })).toEqual([
      'channel.typeId is missing',
    ]);
    expect(differences({ channel: { id: 2 } }, { optional: ['channel.typeId'] })).toEqual([]);
  });

  test('has values to the letter where they are fixed', () => {
    const fixed = ['name', 'groups[].name', 'tags', 'channel'];
    expect(differences({ channel: { typeId: null, id: 2 } }, { fixed })).toEqual([]);
    expect(differences({ name: 'ada' }, { fixed })).toEqual(['name is "ada", not "Ada"']);
    expect(differences({ groups: [{ id: 9, name: 'Pro' }] }, { fixed })).toEqual([
      'groups[].name is "Pro", not "User"',
    ]);
    expect(differences({ tags: ['mentor', 'more'] }, { fixed })).toEqual([
      'tags is ["mentor","more"], not ["mentor"]',
    ]);
    expect(shapeDifferences('', 'more', { fixed: [''] })).toEqual(['the body is "more", not ""']);
  });

  test('has texts that begin alike where only the beginning is known', () => {
    expect(differences({ name: 'Ada Example' }, { begins: ['name'] })).toEqual([]);
    expect(differences({ name: 'Bo' }, { begins: ['name'] })).toEqual(['name is "Bo", not "Ada"…']);
    expect(differences({ name: 1 }, { begins: ['name'] })).toEqual(['name is number, not string']);
  });

  test('is open where nothing is known, but the member must be there', () => {
    expect(shapeDifferences({ extra: undefined }, { extra: { any: 'thing' } })).toEqual([]);
    expect(shapeDifferences({ extra: undefined }, {})).toEqual(['extra is missing']);
    expect(shapeDifferences({ list: [] }, { list: ['any', 1] })).toEqual([]);
    expect(shapeDifferences({ list: [] }, { list: 'any' })).toEqual(['list is string, not array']);
  });
});

describe('an answer', () => {
  const sample: WireSample = {
    what: 'an answer',
    source: 'this test',
    confidence: 'guessed',
    status: 200,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'x-request-id': null,
      'www-authenticate': 'Bearer',
    },
    body: { id: 1 },
  };
  const headers = {
    'content-type': 'application/json',
    'x-request-id': 'any',
    'www-authenticate': 'Bearer',
    more: 'x',
  };
  const answer = { status: 200, headers, body: { id: 2 } };

  test('is the same with other parameters of the content type, and with more headers', () => {
    expect(answerDifferences(sample, answer)).toEqual([]);
  });

  test('is another one with another status', () => {
    expect(answerDifferences(sample, { ...answer, status: 201 })).toEqual(['the status is 201, not 200']);
    expect(answerDifferences({ ...sample, status: null }, { ...answer, status: 201 })).toEqual([]);
  });

  test('is another one with another header, or without one', () => {
    const changed = { 'content-type': 'text/html', 'www-authenticate': 'Basic' };
    expect(answerDifferences(sample, { ...answer, headers: changed })).toEqual([
      'the header content-type is text/html, not application/json; charset=utf-8',
      'the header x-request-id is missing',
      'the header www-authenticate is Basic, not Bearer',
    ]);
  });

  test('is another one with another body', () => {
    expect(answerDifferences(sample, { ...answer, body: { id: null } })).toEqual(['id is null, not number']);
  });
});
