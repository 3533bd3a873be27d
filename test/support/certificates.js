'use strict';

// Certificates of the tests' own, made by the program openssl.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** What `openssl ca` wants to be told: it alone lets a certificate begin and end when one likes. */
const CONFIGURATION = `
[ca]
default_ca = own
[own]
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
policy = any
rand_serial = yes
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
`;

const EXTENSIONS = 'subjectAltName = IP:127.0.0.1';

/**
 * An authority in a temporary folder.
 */
class Authority {
    constructor() {
        /** @type {string} the folder; its name is for nobody's eyes but the tests' */
        this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kasocki-certificates-'));
        fs.writeFileSync(path.join(this.folder, 'ca.cnf'), CONFIGURATION);
        fs.writeFileSync(path.join(this.folder, 'index.txt'), '');
        this._run('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=authority', '-days', '30');
        /** @type {string} its own certificate as PEM */
        this.certificate = this._read('ca.pem');
    }

    /**
     * Makes a certificate for 127.0.0.1.
     *
     * @param {string} name - the common name
     * @param {{ from?: Date, to?: Date, password?: string }} [options] - `password`: of the key
     * @returns {{ certificate: string, key: string }} as PEM
     */
    issue(name, { from = new Date(Date.now() - 86400000), to = new Date(Date.now() + 86400000), password } = {}) {
        const protection = password ? ['-passout', `pass:${password}`] : ['-nodes'];
        this._run('req', '-newkey', 'rsa:2048', ...protection, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`, '-addext', EXTENSIONS);
        const dates = ['-startdate', toAsn1(from), '-enddate', toAsn1(to)];
        this._run('ca', '-batch', '-notext', '-config', 'ca.cnf', ...dates, '-in', `${name}.csr`, '-out', `${name}.pem`);
        return { certificate: this._read(`${name}.pem`), key: this._read(`${name}.key`) };
    }

    /**
     * @param {string} name
     * @param {string} text
     * @returns {string} the path of a new file in the folder
     */
    write(name, text) {
        const file = path.join(this.folder, name);
        fs.writeFileSync(file, text);
        return file;
    }

    close() {
        fs.rmSync(this.folder, { recursive: true });
    }

    _run(...args) {
        execFileSync('openssl', args, { cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe'] });
    }

    _read(name) {
        return fs.readFileSync(path.join(this.folder, name), 'utf8');
    }
}

function toAsn1(date) {
    return date.toISOString().replace(/\.\d+|[-:T]/g, '');
}

module.exports = { Authority };
