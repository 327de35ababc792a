// What applications do with ioredis and node-redis, against the server at the port given.
// Prints one line per story that holds; throws at the first that does not.
'use strict';

const assert = require('node:assert');
const Redis = require('ioredis');
const {createClient} = require('redis');

const port = Number(process.argv[2]);
const library = process.argv[3];

// ---- ioredis ------------------------------------------------------------------------------------

const ioredis = {
  async 'sets and gets, also binary'(client) {
    assert.equal(await client.set('js:text', 'grüße'), 'OK');
    assert.equal(await client.get('js:text'), 'grüße');
    const bytes = Buffer.from([0, 13, 10, 255, 0]);
    await client.set(Buffer.from([1, 0, 2]), bytes);
    assert.deepEqual(await client.getBuffer(Buffer.from([1, 0, 2])), bytes);
    assert.equal(await client.get('js:nothing'), null);
  },

  async 'keeps the order of a pipeline'(client) {
    const pipeline = client.pipeline();
    for (let i = 0; i < 5000; ++i) pipeline.set(`js:p${i}`, i).incr(`js:p${i}`);
    const replies = await pipeline.exec();
    assert.equal(replies.length, 10000);
    replies.forEach(([error, reply], i) => {
      assert.equal(error, null);
      assert.equal(reply, i % 2 === 0 ? 'OK' : (i - 1) / 2 + 1);
    });
  },

  async 'carries out transactions, and none whose key was changed'(client, other) {
    await client.set('js:t', 1);
    assert.deepEqual(await client.multi().incr('js:t').get('js:t').exec(), [[null, 2], [null, '2']]);
    await client.watch('js:t');
    await other.set('js:t', 'changed');
    assert.equal(await client.multi().set('js:t', 'lost').exec(), null);
    assert.equal(await client.get('js:t'), 'changed');
    await assert.rejects(client.multi().set('js:t').exec(), /EXECABORT/);
  },

  async 'reads hashes as objects and sets as lists'(client) {
    await client.hset('js:h', {name: 'Ada', born: 1815});
    assert.deepEqual(await client.hgetall('js:h'), {name: 'Ada', born: '1815'});
    assert.equal(await client.hincrby('js:h', 'born', 1), 1816);
    await client.sadd('js:s', 'a', 'b', 'c');
    assert.deepEqual((await client.smembers('js:s')).sort(), ['a', 'b', 'c']);
    assert.deepEqual(await client.smismember('js:s', 'a', 'z'), [1, 0]);
  },

  async 'streams a scan'(client) {
    const wanted = new Set();
    const setting = client.pipeline();
    for (let i = 0; i < 2000; ++i) {
      wanted.add(`js:scan:${i}`);
      setting.set(`js:scan:${i}`, i);
    }
    await setting.exec();
    const found = new Set();
    for await (const keys of client.scanStream({match: 'js:scan:*', count: 100})) {
      keys.forEach((key) => found.add(key));
    }
    assert.deepEqual(found, wanted);
    await client.sadd('js:big', ...wanted);
    let members = 0;
    for await (const part of client.sscanStream('js:big')) members += part.length;
    assert.equal(members, 2000);
  },

  async 'tells errors as errors'(client) {
    await assert.rejects(client.incr('js:text'), /ERR value is not an integer or out of range/);
    await assert.rejects(client.hget('js:text', 'f'), /WRONGTYPE/);
    await assert.rejects(client.call('NOSUCH', 'x'), /ERR unknown command/);
  },

  async 'connects again after it was cut off'(client, other) {
    const id = await client.client('ID');
    const again = new Promise((resolve) => client.once('ready', resolve));
    assert.equal(await other.client('KILL', 'ID', id), 1);
    await again;
    assert.equal(await client.get('js:text'), 'grüße');
    assert.notEqual(await client.client('ID'), id);
  },

  async 'carries a big value'(client) {
    const big = Buffer.alloc(20_000_000, 'x');
    await client.set('js:large', big);
    assert.ok((await client.getBuffer('js:large')).equals(big));
  },
};

// ---- node-redis ---------------------------------------------------------------------------------

const nodeRedis = {
  async 'sets and gets with options'(client) {
    assert.equal(await client.set('js:text', 'grüße', {NX: true}), 'OK');
    assert.equal(await client.set('js:text', 'x', {NX: true}), null);
    assert.equal(await client.set('js:text', 'two', {EX: 100, GET: true}), 'grüße');
    assert.equal(await client.ttl('js:text'), 100);
    assert.deepEqual(await client.mGet(['js:text', 'js:nothing']), ['two', null]);
  },

  async 'answers many commands at once in order'(client) {
    const replies = await Promise.all(
        Array.from({length: 5000}, (_, i) => client.incrBy('js:count', 1).then((n) => n - i)));
    assert.deepEqual(new Set(replies), new Set([1]));
  },

  async 'carries out transactions, and none whose key was changed'(client, other) {
    assert.deepEqual(await client.multi().set('js:t', '1').incr('js:t').exec(), ['OK', 2]);
    await client.watch('js:t');
    await other.set('js:t', 'changed');
    await assert.rejects(client.multi().set('js:t', 'lost').exec(), /watched keys/i);
    assert.equal(await client.get('js:t'), 'changed');
  },

  async 'reads hashes and sets'(client) {
    assert.equal(await client.hSet('js:h', {name: 'Ada', born: '1815'}), 2);
    assert.deepEqual({...await client.hGetAll('js:h')}, {name: 'Ada', born: '1815'});
    assert.equal(await client.hIncrByFloat('js:h', 'born', 0.5), '1815.5');
    await client.sAdd('js:s', ['a', 'b', 'c']);
    assert.deepEqual([...await client.sMembers('js:s')].sort(), ['a', 'b', 'c']);
    assert.equal(await client.sInterCard(['js:s', 'js:s'], {LIMIT: 2}), 2);
    assert.equal(await client.sIsMember('js:s', 'a'), 1);
  },

  async 'iterates over keys, fields and members'(client) {
    const wanted = new Set();
    for (let i = 0; i < 1000; ++i) wanted.add(`js:scan:${i}`);
    await client.mSet([...wanted].map((key) => [key, 'v']));
    const found = new Set();
    for await (const keys of client.scanIterator({MATCH: 'js:scan:*', COUNT: 50})) {
      keys.forEach((key) => found.add(key));
    }
    assert.deepEqual(found, wanted);
    await client.hSet('js:fields', [...wanted].map((key) => [key, 'v']));
    let fields = 0;
    for await (const part of client.hScanIterator('js:fields')) fields += part.length;
    assert.equal(fields, 1000);
  },

  async 'tells errors as errors'(client) {
    await assert.rejects(client.incr('js:text'), /ERR value is not an integer or out of range/);
    await assert.rejects(client.hGet('js:text', 'f'), /WRONGTYPE/);
  },

  async 'connects again after it was cut off'(client, other) {
    const id = await client.clientId();
    const again = new Promise((resolve) => client.once('ready', resolve));
    assert.equal(await other.sendCommand(['CLIENT', 'KILL', 'ID', String(id)]), 1);
    await again;
    assert.equal(await client.get('js:text'), 'two');
  },

  async 'tells what is known of the connection'(client) {
    const info = await client.clientInfo();
    assert.equal(info.libName, 'node-redis');
    assert.match(await client.info('server'), /redis_version:7\.2\.4/);
  },
};

// ---- Running ------------------------------------------------------------------------------------

async function run(stories, client, other) {
  for (const [name, story] of Object.entries(stories)) {
    await story(client, other);
    console.log(`ok ${name}`);
  }
}

async function withIoredis() {
  const clients = [0, 1].map(() => new Redis({port, retryStrategy: () => 50}));
  clients.forEach((client) => client.on('error', () => {}));  // Of the connection that is cut.
  await clients[0].flushall();
  await run(ioredis, ...clients);
  await Promise.all(clients.map((client) => client.quit()));
}

async function withNodeRedis(RESP) {
  const clients = [0, 1].map(() => createClient({socket: {port}, RESP}));
  clients.forEach((client) => client.on('error', () => {}));
  await Promise.all(clients.map((client) => client.connect()));
  await clients[0].flushAll();
  await run(nodeRedis, ...clients);
  await Promise.all(clients.map((client) => client.close()));
}

const libraries = {
  'ioredis': withIoredis,
  'node-redis-2': () => withNodeRedis(2),
  'node-redis-3': () => withNodeRedis(3),
};
libraries[library]().then(() => console.log('done'), (error) => {
  console.error(error);
  process.exit(1);
});
