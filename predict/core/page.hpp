// What the core knows of a page and of a model: plain data, filled and read by the Cython files.
#pragma once
#include "containers.hpp"

namespace pagesieve {

constexpr int LABELS = 4;
constexpr int32_t NONE = -1;

struct Weight {  // of a term
    double square;
    double label[LABELS];
};

struct Column {  // the terms of a column: by word and prefix a number, NONE where there is no such term
    Words words;
    std::vector<int32_t> terms;
    int prefixes = 0;
    double weight = 0;
    int32_t term(int32_t word, int prefix) const { return word < 0 ? NONE : terms[static_cast<size_t>(word) * prefixes + prefix]; }
};

struct Texts {  // texts end to end, a separator behind each
    std::vector<Char> chars;
    std::vector<size_t> starts;  // one more than there are texts
    const Char* begin(size_t i) const { return chars.data() + starts[i]; }
    const Char* end(size_t i) const { return chars.data() + starts[i + 1] - 1; }
};

struct Shape {
    int32_t words = 0, sentences = 0, capitals = 0, upper = 0, letters = 0, digits = 0, commas = 0;
    Char first = 0, last = 0;
    uint32_t first_flags = 0, last_flags = 0;
    bool cut = false, date = false, contact = false, bar = false, copyright = false;
};

struct Element {  // around blocks of an HTML page, the outer ones first
    int32_t parent, place, names;
    int32_t size = 0, first = 0, last = NONE;  // blocks in it
};

struct Block {
    Shape shape;
    int32_t length = 0;  // in Latin characters
    int32_t text = 0;    // a number that those share whose texts are equal
    bool head = false;
    // of an HTML page
    double link_share = 0;
    int32_t tag = 0, link = 0, element = NONE, step = 0, names = 0;
};

struct Event {  // a piece of the markup: where it stands, for a tag its attributes
    int32_t kind, tag;
    size_t begin, end;
    bool holds_block;     // an element of an unknown name, with a block-level one in it
    bool drawn, foreign;  // of an <svg> as its text is, and as the parser has it
};

struct Node {  // an element that the walk is or was inside of
    int32_t parent, tag, nth = 1, nth_of_all = 1, texts = 0, elements = 0, link = NONE;
    bool block = true, pre = false, entered = false;
    size_t attributes = 0, attributes_end = 0;
    int32_t number = NONE;  // in Page.elements, of one around a block of it
    int32_t name = NONE, chain = NONE;
    int64_t path = 0, depth = 0, around = 0;  // characters of its path, elements on it, characters of their names and steps
};

struct Run {  // the pieces of text of a block to be
    std::vector<Char> text;
    int32_t pieces = 0, node = NONE, step = 0, link = NONE;
    int64_t linked = 0;
    bool after_break = false;
    void clear() {
        text.clear();
        pieces = step = 0;
        node = link = NONE;
        linked = 0;
        after_break = false;
    }
};

struct Open {  // an element that may be open, and since when
    int32_t tag;
    int64_t since;
};

struct Proof {  // that a page can be parsed in due time: see limits.pxi
    Words names;
    std::vector<Open> stack;
    int64_t clock = 0, doubted = 0, owed = 0, remade = 0, formatting = 0, detached = 0;
    int32_t options = 0, root_attributes = 0, foreign = 0;  // elements of an <svg> that are open
    bool text_only = false, form_ended = true;
};

struct Document {
    std::vector<Char> html;
    Words tags, names, links;
    std::vector<uint32_t> tag_flags;
    std::vector<Event> events;
    std::vector<Node> nodes;
    std::vector<int32_t> numbered;  // the nodes of Page.elements, from 1 on
    size_t portion = 0;             // the first block of a page that is a portion of the document
    int32_t n_chains = 0;
    std::vector<int32_t> block_nodes, block_steps, block_owners, block_links, block_images;
    std::vector<double> block_shares;
    Texts texts;  // of the blocks
    Pairs children, chains;
    Run run;
    int32_t images = 0;
    int64_t around = 0;
};

struct Page {
    Texts texts, lower, cut, openings;
    std::vector<Block> blocks;
    std::vector<Element> elements;
    bool html = false;
    std::vector<double> logits;   // (blocks, columns, labels)
    std::vector<double> scores;   // (blocks, labels)
    std::vector<float> features;     // (blocks, features) of one later stage
    std::vector<double> decisions;  // (blocks, labels) of the last stage
    std::vector<std::vector<int32_t>> groups;
};

struct Places {  // what the place of a block on the page is counted from
    std::vector<int32_t> behind;       // long blocks before each block
    std::vector<int64_t> total;        // characters before each block
    std::vector<int32_t> copies, met;  // of each text
};

struct Row {  // the sum of the terms of one block in one column, each once
    double square = 0;
    double label[LABELS] = {0, 0, 0, 0};
    int32_t now = 0;
    std::vector<int32_t> stamps;
    void begin() {
        now++;
        square = 0;
        for (double& value : label) value = 0;
    }
    void add(const std::vector<Weight>& weights, int32_t term) {
        if (term < 0 || stamps[term] == now) return;
        stamps[term] = now;
        add(weights[term], 1);
    }
    void add(const Weight& weight, double frequency) {
        square += frequency * frequency * weight.square;
        for (int i = 0; i < LABELS; i++) label[i] += frequency * weight.label[i];
    }
};

}  // namespace pagesieve
