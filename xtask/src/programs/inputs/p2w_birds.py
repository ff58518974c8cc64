"""Birds counted, with classes, closures, generators, dictionaries and exceptions."""


class Bird:
    def __init__(self, name, bill_mm):
        self.name = name
        self.bill_mm = bill_mm

    def longer(self, other):
        return self.bill_mm > other.bill_mm

    def describe(self):
        return self.name + " " + str(self.bill_mm) + " mm"


class Wader(Bird):
    def describe(self):
        return "wader " + self.name


class NestError(Exception):
    pass


def count(sightings):
    counts = {}
    for name in sightings:
        if name in counts:
            counts[name] = counts[name] + 1
        else:
            counts[name] = 1
    return counts


def adder(step):
    def add(value):
        return value + step

    return add


def squares(limit):
    n = 0
    while n < limit:
        yield n * n
        n += 1


def check(eggs):
    if eggs > 4:
        raise NestError("too many eggs: " + str(eggs))
    return eggs


def nested(depth):
    try:
        if depth == 0:
            raise NestError("no nest")
        return nested(depth - 1)
    except KeyError:
        return 0


birds = [Bird("snipe", 45), Wader("whimbrel", 82), Bird("curlew", 95)]
for bird in birds:
    print(bird.describe())
print(birds[1].longer(birds[0]), birds[1].longer(birds[2]))
print(count(["snipe", "curlew", "snipe", "whimbrel", "snipe"])["snipe"])
print([adder(10)(n) for n in range(5)])
print(sum([n for n in squares(1000)]))
total = 0
for eggs in range(200):
    try:
        total += check(eggs % 7)
    except NestError:
        total += 100
print(total)
try:
    check(5)
except NestError:
    print("caught")
try:
    nested(50)
except NestError:
    print("no nest")
# Garbage by the megabyte.
kept = []
for n in range(20000):
    pair = (n, [n, n + 1, n + 2])
    if n % 5000 == 0:
        kept.append(pair)
print(len(kept), kept[3][1][2])
primes = [n for n in range(2, 300) if all([n % d != 0 for d in range(2, n)])]
print(len(primes), primes[-1])
