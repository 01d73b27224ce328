package dev.cofferdam.audit.proof;

/**
 * A complete subtree, which never changes once its leaves are there.
 *
 * @param level 0 for a leaf; it has 2^level leaves
 * @param index its place among the subtrees of its level; its first leaf is index · 2^level
 */
public record NodeId(int level, long index) {}
