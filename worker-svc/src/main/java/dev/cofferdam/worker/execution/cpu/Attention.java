package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.model.ModelConfig;

/** Attention of a step's rows over the paged pool, heads side by side on all threads. */
final class Attention {
  /** Products of a query's element with a key's from which on the helpers are worth waking. */
  private static final long TOGETHER_MIN = 1 << 17;

  /** Heads taken at once. */
  private static final int HEADS_AT_ONCE = 4;

  /** What a thread needs. */
  private static final class Scratch {
    final float[] scores;
    final float[] totals = new float[HEADS_AT_ONCE];
    final float[] sums = new float[RowMath.WIDEST];

    Scratch(int stride) {
      scores = new float[HEADS_AT_ONCE * stride];
    }
  }

  private final Team team;
  private final ModelConfig model;
  private final KvPool pool;
  private final OpenedLayer opened;
  private final int blockTokens;
  private final StepBuffers buffers;
  private final int queryRowStride;
  private final int scoresStride;
  private final float scoreScale;
  private final Scratch[] scratch;
  private final Team.Job job = this::headOfRow;

  private StepPlan plan;
  private int layer;
  private boolean sampledOnly;

  /**
   * Allocates every thread's scores.
   *
   * @param queryRowStride elements from one row of queries to the next
   * @param positions most positions of a sequence
   */
  Attention(
      Team team,
      ModelConfig model,
      KvPool pool,
      OpenedLayer opened,
      int blockTokens,
      StepBuffers buffers,
      int queryRowStride,
      int positions) {
    this.team = team;
    this.model = model;
    this.pool = pool;
    this.opened = opened;
    this.blockTokens = blockTokens;
    this.buffers = buffers;
    this.queryRowStride = queryRowStride;
    scoresStride = (positions + blockTokens + RowMath.WIDEST) / RowMath.WIDEST * RowMath.WIDEST;
    scoreScale = (float) (1 / Math.sqrt(model.headDimension()));
    scratch = new Scratch[team.size()];
    for (int i = 0; i < scratch.length; i++) {
      scratch[i] = new Scratch(scoresStride);
    }
    plan = new StepPlan(1, 1, 1);
  }

  /**
   * Attends with the queries in {@link StepBuffers#queryKeyValue}.
   *
   * @param sampledOnly whether only the sampled rows are wanted; their results lie without gaps
   */
  void run(StepPlan plan, int layer, boolean sampledOnly) {
    this.plan = plan;
    this.layer = layer;
    this.sampledOnly = sampledOnly;
    int rows = sampledOnly ? buffers.sampled : plan.rows;
    long work = 0;
    for (int row = 0; row < rows; row++) {
      work += plan.positions[row(row)] + 1L;
    }
    int chunks = rows * model.kvHeads();
    if (work * model.queryWidth() < TOGETHER_MIN || chunks > Team.CHUNKS_MAX) {
      Team.alone(job, chunks);
    } else {
      team.run(job, chunks);
    }
  }

  private int row(int index) {
    return sampledOnly ? buffers.sampledRows[index] : index;
  }

  private void headOfRow(int chunk, int worker) {
    int to = chunk / model.kvHeads();
    int kvHead = chunk % model.kvHeads();
    int row = row(to);
    int width = model.headDimension();
    int group = model.heads() / model.kvHeads();
    int query = row * queryRowStride + kvHead * group * width;
    int out = to * buffers.queryStride + kvHead * group * width;
    int count = plan.positions[row] + 1;
    int sequence = buffers.sequenceOfRow[row];
    int tableAt = plan.blockStart[sequence];
    boolean sealed = plan.blockKey[sequence] != null;
    float[][] memory = sealed ? opened.blocks : pool.blocks;
    int keys = pool.keys(sealed ? 0 : layer, kvHead);
    int values = pool.values(sealed ? 0 : layer, kvHead);
    for (int done = 0; done < group; done += HEADS_AT_ONCE) {
      int heads = Math.min(HEADS_AT_ONCE, group - done);
      int offset = done * width;
      Scratch own = scratch[worker];
      attend(memory, keys, values, tableAt, count, heads, query + offset, out + offset, own);
    }
  }

  private void attend(
      float[][] memory,
      int keys,
      int values,
      int tableAt,
      int count,
      int heads,
      int query,
      int out,
      Scratch own) {
    int width = model.headDimension();
    ScoreKernel.scores(
        heads,
        buffers.queryKeyValue,
        query,
        memory,
        plan.blockTable,
        tableAt,
        count,
        keys,
        width,
        blockTokens,
        own.scores,
        scoresStride);
    for (int head = 0; head < heads; head++) {
      own.totals[head] =
          RowMath.exponentials(own.scores, head * scoresStride, count, scoreScale, own.sums);
    }
    ValueKernel.values(
        heads,
        own.scores,
        scoresStride,
        memory,
        plan.blockTable,
        tableAt,
        count,
        values,
        width,
        blockTokens,
        buffers.attended,
        out);
    for (int head = 0; head < heads; head++) {
      float factor = 1 / own.totals[head];
      for (int i = 0; i < width; i++) {
        buffers.attended[out + head * width + i] *= factor;
      }
    }
  }
}
