// Finds the primes up to a limit with the sieve of Eratosthenes, then says how many there
// are, which is the largest, and where the widest gap between two neighbours lies.
//
//     primes [LIMIT]

function sieve(limit: i32): Array<i32> {
  const composite = new StaticArray<bool>(limit + 1);
  const primes = new Array<i32>();
  for (let candidate = 2; candidate <= limit; candidate++) {
    if (composite[candidate]) continue;
    primes.push(candidate);
    for (let multiple = <i64>candidate * candidate; multiple <= limit; multiple += candidate) {
      composite[<i32>multiple] = true;
    }
  }
  return primes;
}

class Gap {
  constructor(public from: i32, public to: i32) {}

  get width(): i32 {
    return this.to - this.from;
  }

  toString(): string {
    return `${this.from} to ${this.to} (${this.width})`;
  }
}

function widestGap(primes: Array<i32>): Gap | null {
  let widest: Gap | null = null;
  for (let i = 1; i < primes.length; i++) {
    const gap = new Gap(primes[i - 1], primes[i]);
    if (widest === null || gap.width > widest.width) widest = gap;
  }
  return widest;
}

function main(): void {
  const limit = process.argv.length > 1 ? <i32>parseInt(process.argv[1]) : 100;
  if (limit < 2 || limit > 50_000_000) {
    process.stderr.write("primes: the limit is a number from 2 to 50000000\n");
    process.exit(2);
  }
  const primes = sieve(limit);
  console.log(`primes up to ${limit}: ${primes.length}`);
  console.log(`first: ${primes.slice(0, 10).join(" ")}`);
  console.log(`largest: ${primes[primes.length - 1]}`);
  const gap = widestGap(primes);
  if (gap !== null) console.log(`widest gap: ${gap.toString()}`);
}

main();
