// Classes, generators, closures, regular expressions, promises, big integers, typed arrays, JSON.
class Bird {
    constructor(name, wingspan) { Object.assign(this, { name, wingspan }); }
    get inches() { return (this.wingspan / 2.54).toFixed(2); }
    toString() { return `${this.name}: ${this.inches} in`; }
}
const birds = [["whimbrel", 82.5], ["curlew", 95], ["snipe", 45]].map(args => new Bird(...args));
print(birds.sort((a, b) => a.wingspan - b.wingspan).join(", "));

function* fibonacci() { for (let [a, b] = [0n, 1n]; ; [a, b] = [b, a + b]) yield a; }
let index = 0;
for (const term of fibonacci()) if (index++ === 300) { print(term); break; }

const text = "2024-05-17 whimbrel 12, 2025-04-02 curlew 7";
const sightings = [...text.matchAll(/(?<year>\d{4})-\d\d-\d\d (?<name>\w+) (?<count>\d+)/gu)].map(m => ({ ...m.groups }));
print(JSON.stringify(sightings));

const sieve = new Uint8Array(200000).fill(1, 2);
for (let n = 2; n * n < sieve.length; n++) if (sieve[n]) for (let m = n * n; m < sieve.length; m += n) sieve[m] = 0;
print(sieve.reduce((sum, flag) => sum + flag, 0), "primes");

const wait = value => new Promise(resolve => resolve(value));
(async () => {
    try {
        print(await wait("first"), (await Promise.all([wait(2), wait(3)])).join());
        null.field;
    } catch (error) { print(error.name, error instanceof TypeError); }
    print([..."naïve ☃ 𝒳"].reverse().join(""), "ß".toUpperCase(), scriptArgs.slice(1));
})();
