"""bytes.py FILE: the file in lower case, with gzip and PDF streams inflated and PDF text decoded."""
import re, sys, zlib

data = open(sys.argv[1], "rb").read()
parts = [data]
if data[:2] == b"\x1f\x8b":
    parts.append(zlib.decompress(data, 31))
if (at := data.find(b"\n\n")) > 0 and data[at + 2:at + 4] == b"\x1f\x8b":
    parts.append(zlib.decompress(data[at + 2:], 31))
if data[:4] == b"%PDF":
    for m in re.finditer(rb"stream\r?\n", data):
        try:
            parts.append(zlib.decompressobj().decompress(data[m.end():]))
        except zlib.error:
            pass
    import pypdf
    reader = pypdf.PdfReader(sys.argv[1])
    parts.append("".join(page.extract_text() for page in reader.pages).encode())
    parts.append(str(reader.metadata).encode())
sys.stdout.buffer.write(b"\n".join(parts).lower())
