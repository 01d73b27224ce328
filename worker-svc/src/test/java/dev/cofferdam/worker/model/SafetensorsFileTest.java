package dev.cofferdam.worker.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SafetensorsFileTest {
  private static SafetensorsFile open(byte[] bytes) {
    return SafetensorsFile.of("weights", MemorySegment.ofArray(bytes));
  }

  @ParameterizedTest
  @EnumSource(ElementType.class)
  void widensEveryElementTypeWithoutLoss(ElementType type) {
    float[] values = {1, -2, 0.5f, 65504, Float.NEGATIVE_INFINITY, -0f};
    if (type == ElementType.BF16) {
      values[3] = 0x1.54p100f;
    }
    SafetensorsFile file = open(new SafetensorsWriter().add("x", type, values, 2, 3).bytes());
    float[] read = new float[8];
    file.read(file.entries().get("x"), 0, read, 1, 6);
    assertThat(read)
        .containsExactly(0, values[0], values[1], values[2], values[3], values[4], values[5], 0);
    file.read(file.entries().get("x"), 2, read, 0, 1);
    assertThat(read[0]).isEqualTo(0.5f);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'a':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}} | shape and data_offsets disagree",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'b':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}"
            + " | overlap or leave a hole",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | overlap or leave a hole",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}} | belongs to no tensor",
        "{'a':{'dtype':'F32','shape':[3],'data_offsets':[0,12]}} | outside of the file",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}} | outside of the file",
        "{'a':{'dtype':'F32','shape':[4611686018427387904,4],'data_offsets':[0,8]}} | overflows",
        "{'a':{'dtype':'F32','shape':[-1,-2],'data_offsets':[0,8]}} | negative",
        "{'a':{'dtype':'F64','shape':[1],'data_offsets':[0,8]}} | dtype other than",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}"
            + " | malformed header",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}{} | behind the header",
        "{'a':{'dtype':'F32','shape':[2]}} | without dtype, shape or data_offsets",
        "{'__metadata__':{'a':1},'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | something else than strings",
        "[] | no object",
      })
  void refusesAHeaderThatDoesNotDescribeTheData(String header, String complaint) {
    byte[] file = SafetensorsWriter.file(header.replace('\'', '"'), new byte[8]);
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> open(file))
        .withMessageContaining(complaint);
  }

  @ParameterizedTest
  @CsvSource({"-1", "0", "3", "16777217", "9223372036854775807"})
  void refusesAnImpossibleHeaderLengthBeforeAllocating(long length) {
    byte[] file =
        ByteBuffer.allocate(10)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(length)
            .put((byte) '{')
            .array();
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> open(file))
        .withMessage("weights: impossible header length");
  }

  @Test
  void refusesAFileWithoutAHeader() {
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> open(new byte[7]))
        .withMessage("weights: too short for a header");
  }

  @Test
  void readsATensorWithoutElementsAndAScalar() {
    SafetensorsFile file =
        open(
            new SafetensorsWriter()
                .add("none", ElementType.F32, new float[0], 0, 4)
                .add("one", ElementType.F32, new float[] {3})
                .bytes());
    assertThat(file.entries().get("none").elements()).isZero();
    assertThat(file.entries().get("one").hasShape()).isTrue();
  }
}
