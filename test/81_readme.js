'use strict';

/*
 * The documentation: its samples run, its links lead somewhere, its tables name what the code has.
 *
 * How a sample is marked, behind the three backticks:
 *
 *   js server.js, js client.js   whole programs that belong together: the client gets messages from the server
 *   js server                    a piece of a server, which has `io` and `Kasocki`: a client that connects gets a message
 *   js client                    a piece of a client, which has `socket`: nothing fails, acks and messages come
 *   js resumable                 has `io` and `kasocki`, the client's module: a message comes, and after a reconnect the next one, no other
 *   js matcher                   has `Kasocki` and `createMatcher`: a line `call; // value` gives that value
 *   js, js module                a program by itself, CommonJS or ES module: it ends without an error
 *   ts                           compiles
 *   json                         is JSON
 *   sh                           what it calls exists
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const ts = require('typescript');

const Kasocki = require('..');
const { LIMITS } = require('../lib/validation.js');
const { freePort } = require('./broker/ports.js');
const kafka = require('./support/kafka.js');
const program = require('./support/program.js');
const { ackOf, nextEvent, record, startServer } = require('./support/server.js');

const root = path.join(__dirname, '..');
/** Programs are run from here: within the package, so that `require('kasocki')` finds it. */
const work = path.join(root, 'build', 'readme');
const pages = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', ...fs.readdirSync(path.join(root, 'docs'))
    .filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
const texts = new Map(pages.map((page) => [page, fs.readFileSync(path.join(root, page), 'utf8')]));
const { bin, scripts } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));

/** The samples: { name (page and line), kind, code }. */
const samples = pages.flatMap((page) => {
    const text = texts.get(page);
    return [...text.matchAll(/^( *)```(.+)\n([^]*?)^\1```$/gm)].map(({ index, 2: kind, 3: code }) => ({
        name: `${page}:${text.slice(0, index).split('\n').length}`,
        kind,
        code,
    }));
});
const ofKind = (...kinds) => samples.filter(({ kind }) => kinds.includes(kind));

/** What Kafka holds for the samples. They all speak of these topics, under names that no other test has. */
const RECORD = { status: 'paid', customer: { country: 'de' }, total: 10 };
const PARTITIONS = 2;
const topics = { orders: undefined, clicks: undefined };

function withOurTopics(code) {
    return code.replace(/'(orders|clicks)'/g, (_, name) => `'${topics[name]}'`);
}

async function produceEverywhere() {
    for (const topic of Object.values(topics)) {
        const records = [0, 1, 2].flatMap(() => Array.from({ length: PARTITIONS }, (_, partition) => ({ value: RECORD, partition })));
        await kafka.produce(topic, records);
    }
}

/** A Kasocki on the Kafka of the tests, whatever a sample says of brokers. */
class TestKasocki extends Kasocki {
    constructor(socket, { kafkaConfig, ...options } = {}) {
        super(socket, { ...options, kafkaConfig: { ...kafkaConfig, 'metadata.broker.list': kafka.brokers }, hubIdle: 0 });
    }
}

const silent = { log() {}, error() {} };

/** Runs a piece of code that has these variables. */
function run(code, variables) {
    new Function(...Object.keys(variables), `'use strict';\n${code}`)(...Object.values(variables));
}

function write(name, code) {
    fs.mkdirSync(work, { recursive: true });
    const file = path.join(work, name);
    fs.writeFileSync(file, code);
    return file;
}

/** GitHub's anchors of a page's headings. */
function anchorsOf(page) {
    const headings = texts.get(page).replace(/^( *)```[^]*?^\1```$/gm, '').matchAll(/^#+ (.*)$/gm);
    return [...headings].map(([, heading]) => heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/ /g, '-'));
}

describe('the samples of the documentation', () => {
    it('are of known kinds', () => {
        const known = ['js server.js', 'js client.js', 'js server', 'js client', 'js resumable', 'js matcher', 'js', 'js module', 'ts', 'json', 'sh'];
        assert.deepStrictEqual(samples.filter(({ kind }) => !known.includes(kind)), []);
        for (const kind of known) assert.ok(ofKind(kind).length > 0, kind);
    });

    describe('on Kafka', () => {
        before(kafka.start);
        before(async () => {
            for (const name of Object.keys(topics)) {
                topics[name] = await kafka.createTopic({ topic: kafka.topicName(name), partitions: PARTITIONS });
            }
            await produceEverywhere();
        });

        it('README.md: server and client', async () => {
            const port = await freePort();
            const own = ([{ code }]) => withOurTopics(code).replaceAll('localhost:9092', kafka.brokers).replaceAll('6927', String(port));
            const server = program.start([write('server.js', own(ofKind('js server.js')))]);
            try {
                await server.printed(/Listening at http/);
                const client = program.start([write('client.js', own(ofKind('js client.js')))]);
                try {
                    await client.printed(/There are[^]*Done: \[[^]*Done: \{[^]*Done: null/);
                    await produceEverywhere();
                    await client.printed(/Got \{[^]*status: 'paid'[^]*_kafka: \{/);
                } finally {
                    assert.deepStrictEqual(await client.end('SIGINT'), { code: 0, signal: null });
                }
                assert.strictEqual(client.stderr, '');
            } finally {
                await server.end();
            }
        });

        for (const { name, code } of ofKind('js server')) {
            it(`${name}: a server`, async () => {
                const server = await startServer(() => {});
                try {
                    run(withOurTopics(code), { io: server.io, Kasocki: TestKasocki, console: silent });
                    const client = server.connect();
                    const errors = record(client, 'err');
                    await nextEvent(client, 'ready');
                    const beginning = [{ topic: topics.orders, partition: 0, offset: -2 }];
                    const message = nextEvent(client, 'message');
                    // The only matcher among the samples asks for a `total` that is not below a minimum.
                    const filter = code.includes('matcherFactory') ? { minimum: 5 } : null;
                    assert.strictEqual((await ackOf(client, 'subscribe', beginning))[0], null);
                    assert.deepStrictEqual(await ackOf(client, 'filter', filter), [null, filter]);
                    assert.strictEqual((await ackOf(client, 'start'))[0], null);
                    assert.strictEqual(typeof (await message)[0], 'object');
                    assert.deepStrictEqual(errors, []);
                } finally {
                    await server.close();
                }
            });
        }

        for (const { name, code } of ofKind('js resumable')) {
            it(`${name}: a client that comes back`, async () => {
                const server = await startServer((socket) => new TestKasocki(socket));
                try {
                    let socket;
                    const connect = () => {
                        socket = server.connect({ reconnection: true, reconnectionDelay: 20 });
                        return socket;
                    };
                    run(withOurTopics(code), { io: connect, kasocki: require('kasocki/client'), console: silent });
                    const events = record(socket, 'message', 'err');
                    // From wherever it reads.
                    while (events.length === 0) await produceEverywhere();
                    const ready = nextEvent(socket, 'ready');
                    socket.io.engine.close();
                    await ready;
                    await produceEverywhere();
                    const placesOf = (list) => list.map(([, { _kafka }]) => `${_kafka.topic} ${_kafka.partition} ${_kafka.offset}`);
                    const ends = await kafka.endOffsets(topics.orders);
                    const wanted = ends.map((end, partition) => `${topics.orders} ${partition} ${end - 1}`);
                    while (!wanted.every((place) => placesOf(events).includes(place))) await new Promise(setImmediate);
                    const places = placesOf(events);
                    assert.deepStrictEqual([...new Set(places)], places);
                } finally {
                    await server.close();
                }
            });
        }

        for (const { name, code } of ofKind('js client')) {
            it(`${name}: a client`, async () => {
                const server = await startServer((socket) => new TestKasocki(socket));
                try {
                    const socket = server.connect();
                    const errors = record(socket, 'err');
                    const ready = nextEvent(socket, 'ready');
                    const message = nextEvent(socket, 'message');
                    const acks = [];
                    // Every event gets an ack, so that it is known when all are decided.
                    const emit = socket.emit;
                    socket.emit = (event, ...args) => {
                        const ack = typeof args.at(-1) === 'function' ? args.pop() : () => {};
                        acks.push([event, new Promise((resolve) => {
                            emit.call(socket, event, ...args, (...answer) => {
                                ack(...answer);
                                resolve(answer[0]);
                            });
                        })]);
                        return socket;
                    };
                    run(withOurTopics(code), { socket, console: silent });
                    await ready;
                    assert.ok(acks.length > 0, 'it emits something');
                    const isConsume = ([event]) => event === 'consume';
                    for (const [event, decided] of acks.filter((ack) => !isConsume(ack))) assert.strictEqual(await decided, null, event);
                    await produceEverywhere();
                    for (const [event, decided] of acks.filter(isConsume)) assert.strictEqual(await decided, null, event);
                    if (acks.some(([event]) => event === 'start')) await message;
                    assert.deepStrictEqual(errors, []);
                } finally {
                    await server.close();
                }
            });
        }
    });

    for (const { name, code } of ofKind('js matcher')) {
        it(`${name}: filters`, () => {
            let checked = 0;
            const check = (value, wanted) => {
                checked++;
                assert.strictEqual(value, wanted, `sample ${checked}`);
            };
            const checking = code.replace(/^([\w.]+\(.*\)); \/\/ (.*)$/gm, 'check($1, $2);');
            run(checking, { Kasocki, createMatcher: Kasocki.createMatcher, check });
            assert.ok(checked > 0);
        });
    }

    for (const { name, kind, code } of ofKind('js', 'js module')) {
        it(`${name}: a program`, async () => {
            const sample = program.start([write(kind === 'js' ? 'program.js' : 'program.mjs', code)]);
            const result = await sample.ended;
            assert.deepStrictEqual({ ...result, stderr: sample.stderr }, { code: 0, signal: null, stderr: '' });
        });
    }

    it('in TypeScript compile', function () {
        this.timeout(120000);
        const files = ofKind('ts').map(({ code }, i) => write(`sample-${i}.ts`, code));
        const compiler = ts.createProgram(files, {
            noEmit: true,
            strict: true,
            skipLibCheck: true,
            esModuleInterop: true,
            target: ts.ScriptTarget.ES2022,
            module: ts.ModuleKind.NodeNext,
            moduleResolution: ts.ModuleResolutionKind.NodeNext,
            typeRoots: [path.join(root, 'node_modules', '@types')],
            types: ['node'],
        });
        const found = ts.getPreEmitDiagnostics(compiler).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
        assert.deepStrictEqual(found, []);
    });

    for (const { name, code } of ofKind('json')) {
        it(`${name}: JSON`, () => {
            JSON.parse(code);
        });
    }

    for (const { name, code } of ofKind('sh')) {
        it(`${name}: commands`, () => {
            for (const line of code.trim().split('\n')) {
                const [program, ...args] = line.trim().split(/\s+/);
                const exists = {
                    'npm': () => ['install', 'pack'].includes(args[0]) || scripts[args[0] === 'run' ? args[1] : args[0]] !== undefined,
                    'npx': () => bin[args[0]] !== undefined || fs.existsSync(path.join(root, 'node_modules', '.bin', args[0])),
                    'make': () => new RegExp(`^${args[2]}:`, 'm').test(fs.readFileSync(path.join(root, args[1], 'Makefile'), 'utf8')),
                    'apt-get': () => args[0] === 'install',
                    'node': () => fs.existsSync(path.join(root, args[0])),
                }[program];
                assert.ok(exists && exists(), line);
                for (const file of args.filter((arg) => arg.startsWith('test/'))) assert.ok(fs.existsSync(path.join(root, file)), file);
            }
        });
    }

    it('have the two commands of a fresh clone', () => {
        const commands = ofKind('sh').filter(({ name }) => name.startsWith('README.md')).map(({ code }) => code.trim());
        for (const command of ['npm run demo', 'npm test']) assert.ok(commands.includes(command), command);
        for (const name of ['demo', 'test']) assert.strictEqual(scripts[`pre${name}`], 'node scripts/setup.js');
    });
});

describe('the documentation', () => {
    it('has links that lead somewhere', () => {
        for (const [page, text] of texts) {
            for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
                if (/^https:\/\//.test(target)) continue;
                const [file, anchor] = target.split('#');
                const name = file === '' ? page : path.join(path.dirname(page), file);
                assert.ok(fs.existsSync(path.join(root, name)), `${page}: ${target}`);
                if (anchor !== undefined) assert.ok(anchorsOf(name).includes(anchor), `${page}: ${target}`);
            }
        }
    });

    it('names every option, limit, event and error', () => {
        const readme = texts.get('README.md');
        const api = texts.get('docs/api.md');
        const types = fs.readFileSync(path.join(root, 'lib', 'index.d.ts'), 'utf8');
        const membersOf = (name) => {
            const [, body] = new RegExp(`export interface ${name} \\{\\n([^]*?)\\n {4}\\}`).exec(types);
            return [...body.matchAll(/^ {8}(\w+)\??:/gm)].map(([, member]) => member);
        };
        for (const option of membersOf('Options')) {
            assert.match(readme, new RegExp(`^\\| \`${option}\` \\|`, 'm'));
            assert.match(api, new RegExp(`^### \`${option}\``, 'm'));
        }
        for (const [limit, value] of Object.entries(LIMITS)) {
            for (const text of [readme, api]) assert.match(text, new RegExp(`^\\| \`${limit}\` \\| ${value} \\|`, 'm'));
        }
        for (const event of [...membersOf('ClientToServerEvents'), ...membersOf('ServerToClientEvents')]) {
            assert.match(readme, new RegExp(`^\\| .*\`${event}\`.* \\|`, 'm'));
            assert.match(api, new RegExp(`^### .*\`${event}\``, 'm'));
        }
        for (const name of Object.keys(Kasocki).filter((member) => member.endsWith('Error'))) {
            assert.match(api, new RegExp(`^\\| \`${name}\` \\|`, 'm'));
        }
    });

    it('names every property of Kafka that is treated in a way of its own', () => {
        const code = fs.readFileSync(path.join(root, 'src', 'kafka', 'config.cc'), 'utf8');
        const page = texts.get('docs/configuration.md');
        const section = (title) => page.split(/^## /m).find((part) => part.startsWith(`${title}\n`));
        const table = (name) => new RegExp(`${name}\\[\\] = \\{([^]*?)\\n\\};`).exec(code)[1];
        const special = [...table('kSpecialProperties').matchAll(/\{"([^"]+)", Treatment::k(\w+)/g)];
        assert.ok(special.length > 0);
        for (const [, property, treatment] of special) {
            assert.ok(section(treatment === 'Refuse' ? 'Refused' : 'Ignored').includes(`\`${property}\``), property);
        }
        for (const [, property, tail, catchUp] of table('kDefaults').matchAll(/\{"([^"]+)", "([^"]*)", "([^"]*)"\}/g)) {
            const second = catchUp === tail ? `(\`?${catchUp}\`?|the same)` : `\`?${catchUp}\`?`;
            assert.match(section('Defaults of ours'), new RegExp(`^\\| \`${property}\` \\| \`?${tail}\`? \\| ${second} \\|`, 'm'));
        }
        for (const [, property, value] of table('kForced').matchAll(/\{"([^"]+)", "([^"]*)"\}/g)) {
            assert.match(section('Always so'), new RegExp(`^\\| \`${property}\` \\| \`${value}\` \\|`, 'm'));
        }
    });
});
