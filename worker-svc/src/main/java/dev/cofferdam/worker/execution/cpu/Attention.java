package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.SealBrokenException;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.model.ModelConfig;
import java.util.Arrays;

/**
 * Attention of a step's rows over the paged pool. A task is some consecutive rows of a sequence and
 * some of a layer's heads: chunk by chunk, their keys and values are staged once for all queries of
 * these rows, decrypted where they are sealed, and used at once. The softmax is taken as the chunks
 * come (Milakov and Gimelshein, 2018), so that nothing grows with the context.
 *
 * <p>What a row gives depends on its own queries and on the positions up to its own, in order, and
 * on nothing else.
 */
final class Attention {
  /** Products of a query's element with a key's from which on the helpers are worth waking. */
  private static final long TOGETHER_MIN = 1 << 17;

  /** The same where they are awake. */
  private static final long AWAKE_MIN = 1 << 13;

  /** Queries of a task for each key-value head, where a row has not more. */
  private static final int QUERIES = 64;

  /** Queries multiplied at once. */
  private static final int TILE = 4;

  /** What a thread needs. */
  private static final class Scratch {
    final StagedKv staged;
    final float[] scores;

    /** Queries of the task for each key-value head. */
    int queries;

    /** Whether the task reads blocks as they lie. */
    boolean unstaged;

    /** Of each query: the greatest score so far, or what is as good as that. */
    final float[] bounds;

    /** Of each query: sums of the weights so far, in as many chains as the widest vector has. */
    final float[] sums;

    /** Of each query: the weighted values so far. */
    final float[] outputs;

    final float[] single = new float[RowMath.WIDEST];

    /** Of the queries multiplied at once: where they begin, and the positions that they see. */
    final int[] queryAt = new int[TILE];

    final int[] scoresAt = new int[TILE];
    final int[] counts = new int[TILE];

    Scratch(KvPool pool, int queries) {
      staged = new StagedKv(pool);
      scores = new float[TILE * staged.keyStride];
      bounds = new float[queries];
      sums = new float[queries * RowMath.WIDEST];
      outputs = new float[queries * staged.valueStride];
      Arrays.setAll(scoresAt, i -> i * staged.keyStride);
    }
  }

  private final Team team;
  private final ModelConfig model;
  private final KvPool pool;
  private final StepBuffers buffers;
  private final int queryRowStride;
  private final int group;
  private final int width;
  private final int rowsOfTask;

  /** Whether a single row reads blocks as they lie: all of its queries of a head at once. */
  private final boolean unstaged;

  private final float scoreScale;
  private final Scratch[] scratch;
  private final int[] firstRows;
  private final int[] rowCounts;
  private final Team.Job job = this::attend;

  private StepPlan plan;
  private int layer;
  private boolean sampledOnly;
  private int headsOfTask;
  private int unitsOfRows;
  private volatile boolean broken;

  /**
   * Allocates what every thread needs.
   *
   * @param queryRowStride elements from one row of queries to the next
   * @param rowsMax most rows of a step
   */
  Attention(
      Team team,
      ModelConfig model,
      KvPool pool,
      StepBuffers buffers,
      int queryRowStride,
      int rowsMax) {
    this.team = team;
    this.model = model;
    this.pool = pool;
    this.buffers = buffers;
    this.queryRowStride = queryRowStride;
    width = model.headDimension();
    group = model.heads() / model.kvHeads();
    rowsOfTask = Math.max(1, QUERIES / group);
    unstaged = Bf16ScoreKernel.reads(pool) && group <= TILE;
    scoreScale = (float) (1 / Math.sqrt(width));
    firstRows = new int[rowsMax];
    rowCounts = new int[rowsMax];
    scratch = new Scratch[team.size()];
    Arrays.setAll(scratch, i -> new Scratch(pool, pool.headsOfPart * rowsOfTask * group));
    plan = new StepPlan(1, 1, 1);
  }

  /**
   * Attends with the queries in {@link StepBuffers#queryKeyValue}.
   *
   * @param sampledOnly whether only the sampled rows are wanted; their results lie without gaps
   * @throws SealBrokenException when a block is not what was sealed
   */
  void run(StepPlan plan, int layer, boolean sampledOnly) {
    this.plan = plan;
    this.layer = layer;
    this.sampledOnly = sampledOnly;
    headsOfTask = anySealed() ? pool.headsOfPart : 1;
    unitsOfRows = model.kvHeads() / headsOfTask;
    long work = 0;
    int chunks = cut() * unitsOfRows;
    int rows = sampledOnly ? buffers.sampled : plan.rows;
    for (int row = 0; row < rows; row++) {
      work += plan.positions[row(row)] + 1L;
    }
    broken = false;
    long least = team.awake() ? AWAKE_MIN : TOGETHER_MIN;
    if (work * model.queryWidth() < least || chunks > Team.CHUNKS_MAX) {
      Team.alone(job, chunks);
    } else {
      team.run(job, chunks);
    }
    if (broken) {
      throw new SealBrokenException();
    }
  }

  private boolean anySealed() {
    for (int s = 0; s < plan.sequences; s++) {
      if (plan.blockKey[s] != null) {
        return true;
      }
    }
    return false;
  }

  private int row(int index) {
    return sampledOnly ? buffers.sampledRows[index] : index;
  }

  /** Cuts the rows into those of tasks. Returns how many pieces. */
  private int cut() {
    int pieces = 0;
    if (sampledOnly) {
      for (; pieces < buffers.sampled; pieces++) {
        firstRows[pieces] = pieces;
        rowCounts[pieces] = 1;
      }
      return pieces;
    }
    for (int s = 0; s < plan.sequences; s++) {
      int end = plan.rowStart[s + 1];
      for (int row = plan.rowStart[s]; row < end; row += rowsOfTask) {
        firstRows[pieces] = row;
        rowCounts[pieces++] = Math.min(rowsOfTask, end - row);
      }
    }
    return pieces;
  }

  private void attend(int task, int worker) {
    int piece = task / unitsOfRows;
    int firstHead = task % unitsOfRows * headsOfTask;
    int first = firstRows[piece];
    int queries = rowCounts[piece] * group;
    int lastRow = row(first + rowCounts[piece] - 1);
    int positions = plan.positions[lastRow] + 1;
    int sequence = buffers.sequenceOfRow[lastRow];
    Scratch own = scratch[worker];
    own.queries = queries;
    own.unstaged = unstaged && rowCounts[piece] == 1;
    int all = headsOfTask * queries;
    Arrays.fill(own.bounds, 0, all, Float.NEGATIVE_INFINITY);
    Arrays.fill(own.sums, 0, all * RowMath.WIDEST, 0);
    Arrays.fill(own.outputs, 0, all * own.staged.valueStride, 0);
    for (int from = 0; from < positions; from += own.staged.chunkTokens) {
      int to = Math.min(positions, from + own.staged.chunkTokens);
      if (!stage(sequence, firstHead, from, to, positions, own)) {
        broken = true;
        return;
      }
      for (int head = 0; head < headsOfTask; head++) {
        for (int query = 0; query < queries; query += TILE) {
          tile(first, firstHead + head, head, query, Math.min(TILE, queries - query), from, own);
        }
      }
    }
    finish(first, firstHead, own);
  }

  private boolean stage(int sequence, int firstHead, int from, int to, int positions, Scratch own) {
    BlockKey key = plan.blockKey[sequence];
    int index = pool.index(layer, firstHead / pool.headsOfPart);
    int count = 0;
    for (int position = from; position < to; position += pool.blockTokens, count++) {
      int entry = plan.blockStart[sequence] + position / pool.blockTokens;
      int block = plan.blockTable[entry];
      if (key == null || plan.seal[entry] == 0) {
        own.staged.take(count, block, index);
        continue;
      }
      int next = position + pool.blockTokens < positions ? plan.blockTable[entry + 1] : block;
      if (!own.staged.open(count, block, index, key, plan.seal[entry], next)) {
        return false;
      }
    }
    own.staged.leaveOut(count);
    for (int head = 0; head < headsOfTask && !own.unstaged; head++) {
      own.staged.stage(count, (firstHead + head) % pool.headsOfPart, head);
    }
    return true;
  }

  /** Some queries of one head with the chunk that is staged, which begins at {@code from}. */
  private void tile(
      int first, int kvHead, int head, int query, int queries, int from, Scratch own) {
    StagedKv staged = own.staged;
    for (int i = 0; i < queries; i++) {
      int row = row(first + (query + i) / group);
      own.queryAt[i] = row * queryRowStride + (kvHead * group + (query + i) % group) * width;
      own.counts[i] = Math.clamp(plan.positions[row] + 1 - from, 0, staged.chunkTokens);
    }
    score(kvHead, head, queries, own);
    int state = head * own.queries + query;
    for (int i = 0; i < queries; i++) {
      if (own.counts[i] > 0) {
        weigh(own, i, state + i);
      }
    }
    if (own.unstaged) {
      addUnstagedValues(kvHead, state, queries, own);
    } else {
      addValues(head, state, queries, own);
    }
  }

  private void score(int kvHead, int head, int queries, Scratch own) {
    StagedKv staged = own.staged;
    if (own.unstaged) {
      Bf16ScoreKernel.scores(
          queries,
          buffers.queryKeyValue,
          own.queryAt,
          width,
          staged.blocks,
          staged.at,
          staged.headAt(kvHead % pool.headsOfPart),
          own.scores,
          staged.keyStride);
      return;
    }
    int most = RowMath.padded(own.counts[queries - 1]);
    for (int i = 0; i < queries; i++) {
      Arrays.fill(own.scores, own.scoresAt[i], own.scoresAt[i] + most, 0);
    }
    AttentionKernel.multiply(
        queries,
        buffers.queryKeyValue,
        own.queryAt,
        0,
        width,
        staged.keys,
        staged.keysOf(head),
        staged.keyStride,
        own.scores,
        0,
        staged.keyStride,
        most);
  }

  /** Turns a query's scores into weights. */
  private void weigh(Scratch own, int i, int state) {
    int at = own.scoresAt[i];
    int count = own.counts[i];
    int padded = RowMath.padded(count);
    Arrays.fill(own.scores, at + count, at + padded, Float.NEGATIVE_INFINITY);
    if (!RowMath.noneAbove(own.scores, at, padded, own.bounds[state])) {
      raise(own, state, RowMath.greatest(own.scores, at, padded));
    }
    if (Float.isFinite(own.bounds[state])) {
      RowMath.exponentials(own.scores, at, padded, scoreScale, own.bounds[state]);
    } else {
      Arrays.fill(own.scores, at, at + count, Float.NaN);
    }
    Arrays.fill(own.scores, at + count, at + padded, 0);
    RowMath.addToSums(own.scores, at, padded, own.sums, state * RowMath.WIDEST);
  }

  /** Measures a query's weights so far by a greater bound. Scores that are not finite stay so. */
  private void raise(Scratch own, int state, float greatest) {
    float old = own.bounds[state];
    float bound = Math.max(old, greatest);
    own.bounds[state] = Float.isFinite(bound) ? bound : Float.NaN;
    if (Float.isFinite(old) && Float.isFinite(bound)) {
      Arrays.fill(own.single, old);
      RowMath.exponentials(own.single, 0, RowMath.WIDEST, scoreScale, bound);
      int stride = own.staged.valueStride;
      RowMath.scale(own.sums, state * RowMath.WIDEST, RowMath.WIDEST, own.single[0]);
      RowMath.scale(own.outputs, state * stride, stride, own.single[0]);
    }
  }

  /**
   * Adds the weighted values: first the positions that all of the queries see, then what only the
   * later ones do.
   */
  private void addValues(int head, int state, int queries, Scratch own) {
    StagedKv staged = own.staged;
    int stride = staged.valueStride;
    int values = staged.valuesOf(head);
    int common = own.counts[0];
    AttentionKernel.multiply(
        queries,
        own.scores,
        own.scoresAt,
        0,
        common,
        staged.values,
        values,
        stride,
        own.outputs,
        state * stride,
        stride,
        stride);
    for (int i = 1; i < queries; i++) {
      if (own.counts[i] > common) {
        AttentionKernel.multiply(
            1,
            own.scores,
            own.scoresAt,
            own.scoresAt[i] + common,
            own.counts[i] - common,
            staged.values,
            values + common * stride,
            stride,
            own.outputs,
            (state + i) * stride,
            stride,
            stride);
      }
    }
  }

  /** The same of a single row's queries, which see the same positions. */
  private void addUnstagedValues(int kvHead, int state, int queries, Scratch own) {
    StagedKv staged = own.staged;
    int values = staged.headAt(kvHead % pool.headsOfPart) + pool.headBytes;
    for (int i = 0; i * pool.blockTokens < own.counts[0]; i++) {
      int done = i * pool.blockTokens;
      Bf16ValueKernel.values(
          queries,
          own.scores,
          own.scoresAt,
          done,
          Math.min(pool.blockTokens, own.counts[0] - done),
          staged.blocks[i],
          staged.at[i] + values,
          width,
          own.outputs,
          state * staged.valueStride,
          staged.valueStride);
    }
  }

  /** Divides by the weights' sums. */
  private void finish(int first, int firstHead, Scratch own) {
    for (int state = 0; state < headsOfTask * own.queries; state++) {
      int query = state % own.queries;
      int head = (firstHead + state / own.queries) * group + query % group;
      int to = (first + query / group) * buffers.queryStride + head * width;
      float factor = 1 / RowMath.total(own.sums, state * RowMath.WIDEST);
      int from = state * own.staged.valueStride;
      for (int i = 0; i < width; i++) {
        buffers.attended[to + i] = own.outputs[from + i] * factor;
      }
    }
  }

  /** Forgets the keys and values that were staged. */
  void wipe() {
    for (Scratch own : scratch) {
      own.staged.wipe();
    }
  }

  /** Keys and values that are readable beside the pool; none between steps. */
  long residue() {
    long residue = 0;
    for (Scratch own : scratch) {
      residue += own.staged.residue();
    }
    return residue;
  }
}
