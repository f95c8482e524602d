#include "modules/core/findings_pack.h"

#include "modules/core/error.h"

#include <cstdint>
#include <cstring>
#include <unordered_map>

namespace sensorium {
namespace {

constexpr std::string_view magic = "SNSFIND1";
// Without runs, measures and attributes: three texts, three lengths, score, centroid and box.
constexpr std::size_t least_finding = 6 * 4 + 8 + 24 + 24;
constexpr std::size_t most_text = std::size_t{64} << 20;
static_assert(sizeof(Run) == 4 * sizeof(int) && std::is_trivially_copyable_v<Run>);

class Packer {
public:
  template<class T> void number(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::size_t at = body_.size();
    body_.resize(at + sizeof value);
    std::memcpy(body_.data() + at, &value, sizeof value);
  }
  void length(std::size_t count) { number(static_cast<std::uint32_t>(count)); }
  void text(const std::string& value) {
    const auto [found, fresh] =
        numbers_.try_emplace(value, static_cast<std::uint32_t>(texts_.size()));
    if (fresh) texts_.push_back(value);
    number(found->second);
  }
  void texts(const std::vector<std::string>& list) {
    length(list.size());
    for (const std::string& value : list) text(value);
  }
  std::string finish() const {
    Packer head;
    head.length(texts_.size());
    for (const std::string_view value : texts_) {
      head.length(value.size());
      head.body_ += value;
    }
    return std::string(magic) + head.body_ + body_;
  }
  void reserve(std::size_t bytes) { body_.reserve(bytes); }
  void runs(const std::vector<Run>& list) {
    length(list.size());
    body_.append(reinterpret_cast<const char*>(list.data()), list.size() * sizeof(Run));
  }

private:
  std::string body_;
  std::vector<std::string_view> texts_; // of the findings that are packed
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
};

void pack(Packer& out, const std::vector<Measure>& measures) {
  out.length(measures.size());
  for (const Measure& m : measures) {
    out.text(m.name);
    out.number(m.value);
    out.text(m.unit);
    out.text(m.source);
    out.number(static_cast<std::uint8_t>(m.of_findings));
  }
}

void pack(Packer& out, const Finding& f) {
  out.text(f.id);
  out.text(f.label);
  out.number(f.score);
  out.number(f.centroid);
  out.number(f.box);
  out.runs(f.footprint);
  pack(out, f.measures);
  out.length(f.attributes.size());
  for (const auto& [key, value] : f.attributes) {
    out.text(key);
    out.text(value);
  }
  out.text(f.text);
}

void pack(Packer& out, const Table& t) {
  out.text(t.name);
  out.text(t.caption);
  out.texts(t.columns);
  out.length(t.rows.size());
  for (const auto& row : t.rows) out.texts(row);
  out.number(static_cast<std::uint8_t>(t.of_findings));
}

class Unpacker {
public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {
    if (take(magic.size()) != magic) damaged();
    texts_.resize(length(sizeof(std::uint32_t)));
    for (std::string_view& value : texts_) value = take(number<std::uint32_t>());
  }
  template<class T> T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  // Of a list whose members take at least so many bytes each.
  std::size_t length(std::size_t least) {
    const auto count = number<std::uint32_t>();
    if (count > rest_.size() / least) damaged();
    return count;
  }
  std::string text() {
    const auto number_of_text = number<std::uint32_t>();
    if (number_of_text >= texts_.size()) damaged();
    const std::string_view value = texts_[number_of_text];
    given_ += value.size();
    if (given_ > most_text) damaged();
    return std::string(value);
  }
  bool flag() { return number<std::uint8_t>() != 0; }
  std::vector<std::string> texts() {
    std::vector<std::string> out(length(sizeof(std::uint32_t)));
    for (std::string& value : out) value = text();
    return out;
  }
  std::vector<Run> runs() {
    std::vector<Run> out(length(sizeof(Run)));
    if (!out.empty())
      std::memcpy(out.data(), take(out.size() * sizeof(Run)).data(), out.size() * sizeof(Run));
    return out;
  }
  void end() const {
    if (!rest_.empty()) damaged();
  }

private:
  [[noreturn]] static void damaged() {
    throw Error(ErrorCode::BadInput, "the counted findings are damaged", "try again");
  }
  std::string_view take(std::size_t count) {
    if (count > rest_.size()) damaged();
    const std::string_view out = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return out;
  }
  std::string_view rest_;
  std::vector<std::string_view> texts_;
  std::size_t given_ = 0;
};

std::vector<Measure> measures_from(Unpacker& in) {
  std::vector<Measure> out(in.length(21));
  for (Measure& m : out) {
    m.name = in.text();
    m.value = in.number<double>();
    m.unit = in.text();
    m.source = in.text();
    m.of_findings = in.flag();
  }
  return out;
}

Finding finding_from(Unpacker& in) {
  Finding f;
  f.id = in.text();
  f.label = in.text();
  f.score = in.number<double>();
  f.centroid = in.number<std::array<double, 3>>();
  f.box = in.number<std::array<int, 6>>();
  f.footprint = in.runs();
  f.measures = measures_from(in);
  for (std::size_t left = in.length(8); left > 0; --left) {
    std::string key = in.text();
    f.attributes.emplace_hint(f.attributes.end(), std::move(key), in.text());
  }
  f.text = in.text();
  return f;
}

Table table_from(Unpacker& in) {
  Table t;
  t.name = in.text();
  t.caption = in.text();
  t.columns = in.texts();
  t.rows.resize(in.length(4));
  for (auto& row : t.rows) row = in.texts();
  t.of_findings = in.flag();
  return t;
}

}

std::string pack_findings(const Findings& findings) {
  Packer out;
  out.reserve(512 * (findings.items.size() + 4));
  out.text(findings.pipeline);
  out.text(findings.version);
  out.text(findings.input_sha256);
  out.text(findings.parameters_text);
  out.length(findings.items.size());
  for (const Finding& f : findings.items) pack(out, f);
  pack(out, findings.summary);
  out.length(findings.tables.size());
  for (const Table& t : findings.tables) pack(out, t);
  out.texts(findings.notes);
  out.number(static_cast<std::uint8_t>(findings.nothing_counted));
  return out.finish();
}

Findings unpack_findings(std::string_view bytes) {
  Unpacker in(bytes);
  Findings f;
  f.pipeline = in.text();
  f.version = in.text();
  f.input_sha256 = in.text();
  f.parameters_text = in.text();
  f.items.resize(in.length(least_finding));
  for (Finding& item : f.items) item = finding_from(in);
  f.summary = measures_from(in);
  f.tables.resize(in.length(17));
  for (Table& t : f.tables) t = table_from(in);
  f.notes = in.texts();
  f.nothing_counted = in.flag();
  in.end();
  return f;
}

}
