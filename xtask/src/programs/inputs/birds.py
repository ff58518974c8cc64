"""The standard library at work: parsing, arithmetic, compression, hashing, files of the mounted directory."""
import csv, decimal, fractions, hashlib, io, itertools, json, os, re, statistics, struct, zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(order=True)
class Bird:
    wingspan: float
    name: str = field(compare=False)


data = Path("/data")
rows = list(csv.DictReader(io.StringIO("name,cm\nwhimbrel,82.5\ncurlew,95\nsnipe,45\n")))
birds = sorted(Bird(float(row["cm"]), row["name"]) for row in rows)
print(", ".join(f"{bird.name} {bird.wingspan / 2.54:.2f} in" for bird in birds))
print(statistics.mean(bird.wingspan for bird in birds), fractions.Fraction(165, 190), decimal.Decimal(2).sqrt())

text = (data / "birds.py").read_text()
words = Counter(re.findall(r"[a-z]{4,}", text))
print(words.most_common(3))

os.makedirs(data / "nest" / "eggs", exist_ok=True)
for number in range(20):
    (data / "nest" / "eggs" / f"{number:02}.bin").write_bytes(struct.pack("<QQ", number, number**7))
names = sorted(os.listdir(data / "nest" / "eggs"))
blob = b"".join((data / "nest" / "eggs" / name).read_bytes() for name in names)
os.rename(data / "nest" / "eggs" / "00.bin", data / "nest" / "first.bin")
print(len(names), zlib.crc32(blob), hashlib.sha256(blob).hexdigest()[:16], (data / "nest" / "first.bin").stat().st_size)
assert zlib.decompress(zlib.compress(blob * 50)) == blob * 50

queens = [cols for cols in itertools.permutations(range(6))
          if len({c + r for r, c in enumerate(cols)}) == len({c - r for r, c in enumerate(cols)}) == 6]
print(json.dumps({"queens": queens, "big": 3**200 % 10**30}))
try:
    (data / ".." / ".." / "etc" / "passwd").read_text()
except OSError as error:
    print(type(error).__name__)
