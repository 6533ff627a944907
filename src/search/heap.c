#include "search/heap.h"

#include "base/mem.h"

static bool is_before(const struct heap_item *a, const struct heap_item *b) {
    if (a->key != b->key)
        return a->key < b->key;
    int order = str_is_set(a->text) ? str_compare(a->text, b->text) : 0;
    return order ? order < 0 : a->input < b->input;
}

static void sift_down(struct heap *heap, uint32_t at) {
    struct heap_item item = heap->items[at];
    for (uint32_t child; (child = at * 2 + 1) < heap->n; at = child) {
        if (child + 1 < heap->n && is_before(&heap->items[child + 1], &heap->items[child]))
            child++;
        if (!is_before(&heap->items[child], &item))
            break;
        heap->items[at] = heap->items[child];
    }
    heap->items[at] = item;
}

struct heap heap_new(const void *arg, heap_load *load, uint32_t inputs) {
    struct heap heap = { arg, load, mem_array(inputs, sizeof *heap.items), 0 };
    for (uint32_t i = 0; i < inputs; i++) {
        struct heap_item *item = &heap.items[heap.n];
        *item = (struct heap_item){ .input = i };
        heap.n += load(arg, i, 0, item);
    }
    for (uint32_t i = heap.n / 2; i--;)
        sift_down(&heap, i);
    return heap;
}

void heap_done(struct heap *heap) {
    mem_free(heap->items);
    heap->items = NULL;
}

bool heap_next(struct heap *heap, struct heap_item *ret_item) {
    if (heap->n == 0)
        return false;
    struct heap_item *top = &heap->items[0];
    *ret_item = *top;
    top->at++;
    if (!heap->load(heap->arg, top->input, top->at, top))
        *top = heap->items[--heap->n];
    if (heap->n)
        sift_down(heap, 0);
    return true;
}

/* --- rows --- */

void row_list_add(struct row_list *list, uint32_t row) {
    if (list->n == list->room) {
        list->room = list->room ? list->room * 2 : 1024;
        list->p = mem_resize(list->p, list->room * sizeof *list->p);
        list->other = mem_resize(list->other, list->room * sizeof *list->other);
    }
    list->p[list->n++] = row;
}

static size_t piece_end(const struct row_list *list, size_t from) {
    size_t end = from + 1;
    while (end < list->n && list->p[end - 1] < list->p[end])
        end++;
    return end;
}

/* Merges the pieces [from, middle) and [middle, end) into `other`. */
static void merge_pieces(struct row_list *list, size_t from, size_t middle, size_t end) {
    const uint32_t *p = list->p;
    size_t a = from, b = middle;
    for (size_t i = from; i < end; i++)
        list->other[i] = b == end || (a < middle && p[a] < p[b]) ? p[a++] : p[b++];
}

/* Rounds over the whole list, each of which halves the number of pieces. */
void row_list_sort(struct row_list *list) {
    while (list->n && piece_end(list, 0) < list->n) {
        for (size_t from = 0, end; from < list->n; from = end) {
            size_t middle = piece_end(list, from);
            end = middle < list->n ? piece_end(list, middle) : middle;
            merge_pieces(list, from, middle, end);
        }
        uint32_t *sorted = list->other;
        list->other = list->p;
        list->p = sorted;
    }
}

void row_list_done(struct row_list *list) {
    mem_free(list->p);
    mem_free(list->other);
    *list = (struct row_list){ 0 };
}
