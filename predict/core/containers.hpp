// Distinct strings and keys by number. Memory belongs to std::vector: an allocation that fails raises
// std::bad_alloc, which Cython turns into MemoryError.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <cwchar>
#include <vector>

namespace pagesieve {

typedef uint32_t Char;  // a code point
typedef uint8_t Byte;   // of UTF-8

// Where a character stands first, or the end.
inline const Char* find_char(const Char* at, const Char* end, Char what) {
#if WCHAR_MAX > 0xffff
    const wchar_t* found = at < end ? wmemchr(reinterpret_cast<const wchar_t*>(at), static_cast<wchar_t>(what), end - at) : nullptr;
    return found ? reinterpret_cast<const Char*>(found) : end;
#else
    while (at < end && *at != what) at++;
    return at;
#endif
}

inline uint64_t mixed(uint64_t h, uint64_t w) {
    h = (h ^ w) * 0x9E3779B97F4A7C15ULL;
    return h ^ (h >> 29);
}

inline uint64_t hash_of(const Char* p, size_t n) {
    uint64_t h = 0xcbf29ce484222325ULL ^ n;
    for (; n >= 2; p += 2, n -= 2) h = mixed(h, static_cast<uint64_t>(p[0]) << 32 | p[1]);
    if (n) h = mixed(h, p[0]);
    return h ^ (h >> 32);
}

// Strings of code points, numbered from 0 in the order in which they were added.
class Words {
  public:
    int32_t find(const Char* p, size_t n) const {
        if (slots.empty()) return -1;
        const uint64_t h = hash_of(p, n);
        for (size_t at = h & mask;; at = (at + 1) & mask) {
            const Slot& slot = slots[at];
            if (slot.number < 0) return -1;
            if (slot.hash == static_cast<uint32_t>(h >> 32) && same(slot.number, p, n)) return slot.number;
        }
    }
    int32_t add(const Char* p, size_t n) {
        if (2 * (count() + 1) > slots.size()) grow();
        const uint64_t h = hash_of(p, n);
        size_t at = h & mask;
        for (; slots[at].number >= 0; at = (at + 1) & mask)
            if (slots[at].hash == static_cast<uint32_t>(h >> 32) && same(slots[at].number, p, n)) return slots[at].number;
        const int32_t number = static_cast<int32_t>(count());
        text.insert(text.end(), p, p + n);
        ends.push_back(text.size());
        slots[at].number = number;
        slots[at].hash = static_cast<uint32_t>(h >> 32);
        return number;
    }
    size_t count() const { return ends.size(); }
    const Char* begin(int32_t number) const { return text.data() + start(number); }
    size_t length(int32_t number) const { return ends[number] - start(number); }
    void reserve(size_t words) {
        while (slots.size() < 2 * words) grow();
        ends.reserve(words);
    }
    void clear() {
        text.clear();
        ends.clear();
        slots.clear();
    }

  private:
    struct Slot {
        int32_t number;
        uint32_t hash;
    };
    std::vector<Char> text;
    std::vector<size_t> ends;
    std::vector<Slot> slots;
    size_t mask = 0;

    size_t start(int32_t number) const { return number ? ends[number - 1] : 0; }
    bool same(int32_t number, const Char* p, size_t n) const {
        return length(number) == n && (n == 0 || memcmp(begin(number), p, n * sizeof(Char)) == 0);
    }
    void grow() {
        const size_t size = slots.empty() ? 64 : 2 * slots.size();
        std::vector<Slot> larger(size, Slot{-1, 0});
        for (int32_t number = 0; number < static_cast<int32_t>(count()); number++) {
            const uint64_t h = hash_of(begin(number), length(number));
            size_t at = h & (size - 1);
            while (larger[at].number >= 0) at = (at + 1) & (size - 1);
            larger[at] = Slot{number, static_cast<uint32_t>(h >> 32)};
        }
        slots.swap(larger);
        mask = size - 1;
    }
};

// Pairs of numbers, each with a number.
class Pairs {
  public:
    int32_t find(uint32_t a, uint32_t b) const { return slots.empty() ? -1 : slots[slot_of(key_of(a, b))].number; }
    void set(uint32_t a, uint32_t b, int32_t number) {
        if (2 * (used + 1) > slots.size()) grow();
        Slot& slot = slots[slot_of(key_of(a, b))];
        used += slot.number < 0;
        slot.key = key_of(a, b);
        slot.number = number;
    }
    int32_t add(uint32_t a, uint32_t b) {  // the number of the pair, a new one where it has none
        const int32_t known = find(a, b);
        if (known >= 0) return known;
        const int32_t number = static_cast<int32_t>(used);
        set(a, b, number);
        return number;
    }
    void clear() {
        slots.clear();
        used = 0;
    }

  private:
    struct Slot {
        uint64_t key;
        int32_t number;
    };
    std::vector<Slot> slots;
    size_t used = 0;

    static uint64_t key_of(uint32_t a, uint32_t b) { return static_cast<uint64_t>(a) << 32 | b; }
    size_t slot_of(uint64_t key) const {
        const uint64_t h = mixed(0, key);
        size_t at = (h ^ (h >> 32)) & (slots.size() - 1);
        while (slots[at].number >= 0 && slots[at].key != key) at = (at + 1) & (slots.size() - 1);
        return at;
    }
    void grow() {
        std::vector<Slot> before(slots.empty() ? 64 : 2 * slots.size(), Slot{0, -1});
        before.swap(slots);
        for (const Slot& slot : before)
            if (slot.number >= 0) slots[slot_of(slot.key)] = slot;
    }
};

}  // namespace pagesieve
