'use strict';

// Runs mocha on an addon compiled with AddressSanitizer, UndefinedBehaviorSanitizer and LeakSanitizer, child processes and worker threads
// included:
//
//     npm run test:asan [-- <test files>]       by default FILES, what exercises the native part from end to end
//
// The addon is that of test/core/Makefile. A finding ends the process that it is in, with a report on stderr, and so fails a test; a
// leak is told, and fails, at the natural end of a process; leaks.supp names those that are Node's own. (Whoever exits in mid-stream gives
// nothing back.)

const { spawnSync } = require('node:child_process');
const path = require('node:path');

const ROOT = path.join(__dirname, '../..');
const BINARY = path.join(ROOT, 'build/core-test/address-undefined/kasocki.node');
const FILES = ['05', '41', '42', '43', '44', '45', '46', '48', '50', '57', '62', '63', '64'].map((number) => `test/${number}_*.js`);
/** Everything takes some times longer than usual. */
const TIMEOUT = 600000;

function run(program, args, env) {
    const { status, signal, error } = spawnSync(program, args, { cwd: ROOT, stdio: 'inherit', env });
    if (error) {
        throw error;
    }
    return status ?? signal;
}

const built = run('make', ['-s', '-j2', '-C', 'test/core', path.relative(path.join(ROOT, 'test/core'), BINARY)], process.env);
if (built !== 0) {
    process.exit(1);
}
const { stdout } = spawnSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' });
const given = process.argv.slice(2);
const status = run(process.execPath, ['node_modules/mocha/bin/mocha.js', '--timeout', String(TIMEOUT), ...(given.length > 0 ? given : FILES)], {
    ...process.env,
    KASOCKI_TEST_BINARY: BINARY,
    LD_PRELOAD: stdout.trim(),
    // Of every Node that tests start, too.
    NODE_OPTIONS: `--require=${path.join(ROOT, 'test/support/sanitized.js')}`,
    ASAN_OPTIONS: 'detect_leaks=1',
    LSAN_OPTIONS: `suppressions=${path.join(ROOT, 'test/sanitizers/leaks.supp')}:print_suppressions=0`,
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
});
process.exit(status === 0 ? 0 : 1);
