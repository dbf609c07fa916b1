# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# distutils: language=c++
"""The way from a page to probabilities, compiled. Each file that is included stands for one of the reference."""

import re

import numpy as np

from libc.math cimport exp, log, log1p, sqrt
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport malloc
from libc.string cimport memchr, memcmp, memset
from libcpp cimport bool as cbool
from libcpp.vector cimport vector

cdef extern from "Python.h":
    uint32_t* PyUnicode_AsUCS4(str, uint32_t*, Py_ssize_t, int) except NULL

    object PyUnicode_FromKindAndData(int, const void*, Py_ssize_t)
    const char* PyUnicode_AsUTF8AndSize(str, Py_ssize_t*) except NULL

cdef extern from "containers.hpp" namespace "pagesieve" nogil:
    ctypedef uint32_t Char
    ctypedef uint8_t Byte
    const Char* find_char(const Char*, const Char*, Char)
    cppclass Words:
        int32_t find(const Char*, size_t)
        int32_t add(const Char*, size_t) except +
        size_t count()
        const Char* begin(int32_t)
        size_t length(int32_t)
        void reserve(size_t) except +
        void clear()
    cppclass Pairs:
        int32_t find(uint32_t, uint32_t)
        void set(uint32_t, uint32_t, int32_t) except +
        int32_t add(uint32_t, uint32_t) except +
        void clear()

cdef extern from "page.hpp" namespace "pagesieve" nogil:
    enum: N_LABELS "pagesieve::LABELS"
    enum: NONE "pagesieve::NONE"
    cppclass Weight:
        double square
        double label[4]
    cppclass Column:
        Words words
        vector[int32_t] terms
        int prefixes
        double weight
        int32_t term(int32_t, int)
    cppclass Texts:
        vector[Char] chars
        vector[size_t] starts
        const Char* begin(size_t)
        const Char* end(size_t)
    cppclass Shape:
        int32_t words, sentences, capitals, upper, letters, digits, commas
        Char first, last
        uint32_t first_flags, last_flags
        cbool cut, date, contact, bar, copyright
    cppclass Element:
        int32_t parent, place, names, size, first, last
    cppclass Block:
        Shape shape
        int32_t length, text
        cbool head
        double link_share
        int32_t tag, link, element, step, names
    cppclass Event:
        int32_t kind, tag
        size_t begin, end
        cbool holds_block, drawn, foreign
    cppclass Node:
        int32_t parent, tag, nth, nth_of_all, texts, elements, link
        cbool block, pre, entered
        size_t attributes, attributes_end
        int32_t number, name, chain
        int64_t path, depth, around
    cppclass Run:
        vector[Char] text
        int32_t pieces, node, step, link
        int64_t linked
        cbool after_break
        void clear()
    cppclass Open:
        int32_t tag
        int64_t since
    cppclass Proof:
        Words names
        vector[Open] stack
        int64_t clock, doubted, owed, remade, formatting, detached
        int32_t options, root_attributes, foreign
        cbool text_only, form_ended
    cppclass Document:
        vector[Char] html
        Words tags, names, links
        vector[uint32_t] tag_flags
        vector[Event] events
        vector[Node] nodes
        size_t portion
        int32_t n_chains
        vector[int32_t] numbered, block_nodes, block_steps, block_owners, block_links, block_images
        vector[double] block_shares
        Texts texts
        Pairs children, chains
        Run run
        int32_t images
        int64_t around
    cppclass Page:
        Texts texts, lower, cut, openings
        vector[Block] blocks
        vector[Element] elements
        cbool html
        vector[double] logits, scores, decisions
        vector[float] features
        vector[vector[int32_t]] groups
    cppclass Places:
        vector[int32_t] behind
        vector[int64_t] total
        vector[int32_t] copies, met
    cppclass Row:
        double square
        double label[4]
        int32_t now
        vector[int32_t] stamps
        void begin()
        void add(const vector[Weight]&, int32_t)
        void add(const Weight&, double)

include "characters.pxi"
include "tables.pxi"
include "texts.pxi"
include "document.pxi"
include "terms.pxi"
include "shape.pxi"
include "markup.pxi"
include "links.pxi"
include "later.pxi"
include "limits.pxi"
include "scorer.pxi"
