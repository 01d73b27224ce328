package dev.cofferdam.gateway.ingress.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.RefusedException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MultipartTest {
  private static final String TYPE = "multipart/form-data; boundary=xyz";
  private static final String FORM =
      "--xyz~Content-Disposition: form-data; name=\"purpose\"~~batch~"
          + "--xyz~Content-Disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".jsonl\"~"
          + "Content-Type: application/jsonl~~{}\r\n-- no delimiter\r\n--xy\n{\"ü\":1}\n~--xyz--~";

  private static byte[] bytes(String written) {
    return written.replace("~", "\r\n").getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void fieldsAndFilesAreReadAsTheyWereWritten() {
    Map<String, Multipart.Field> form = Multipart.read(TYPE, bytes(FORM));

    assertThat(form.keySet()).containsExactly("purpose", "file");
    assertThat(form.get("purpose")).isEqualTo(new Multipart.Field("", "batch"));
    assertThat(form.get("file"))
        .isEqualTo(
            new Multipart.Field("a \"b\".jsonl", "{}\r\n-- no delimiter\r\n--xy\n{\"ü\":1}\n"));
    assertThat(Multipart.read("Multipart/Form-Data; charset=utf-8; boundary=\"xyz\"", bytes(FORM)))
        .isEqualTo(form);
    assertThat(Multipart.read(TYPE, bytes("--xyz--~"))).isEmpty();
    assertThat(
            Multipart.read(TYPE, bytes("--xyz~Content-Disposition: form-data; name=a~~~--xyz--")))
        .containsEntry("a", new Multipart.Field("", ""));
  }

  /** With each blank tried as the end of the others it would take many minutes. */
  @Test
  @Timeout(60)
  void blanksBeforeABoundaryAreReadOnce() {
    String type = "multipart/form-data;" + " ".repeat(400_000) + ";".repeat(400_000);
    assertThatThrownBy(() -> Multipart.read(type, bytes(FORM)))
        .isInstanceOf(RefusedException.class);
    assertThat(Multipart.read("multipart/form-data;  \t ;  boundary=xyz", bytes(FORM)))
        .containsOnlyKeys("purpose", "file");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "--xyz",
        "--xyz~",
        "preamble~--xyz--~",
        "--xyz--~and more",
        "--xyz~Content-Disposition: form-data; name=\"a\"~~b",
        "--xyz~Content-Disposition: form-data; name=\"a\"~b~--xyz--~",
        "--xyz~Content-Disposition: form-data~~b~--xyz--~",
        "--xyz~Content-Disposition: form-data; name=\"\"~~b~--xyz--~",
        "--xyz~Content-Disposition: attachment; name=\"a\"~~b~--xyz--~",
        "--xyz~Content-Type: text/plain~~b~--xyz--~",
        "--xyz~Content-Transfer-Encoding: base64~Content-Disposition: form-data; name=a~~b~--xyz--~",
        "--xyz~Content-Disposition: form-data; name=a; filename=\"\u0001\"~~b~--xyz--~",
        "--xyz~Content-Disposition: form-data; name=a~~b~--xyzContent~--xyz--~",
        "--xyz~Content-Disposition: form-data; name=a~~b~--xyz~"
            + "Content-Disposition: form-data; name=a~~b~--xyz--~",
      })
  void whatIsNoFormIsRefused(String body) {
    refused(TYPE, bytes(body));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "application/json", "multipart/form-data", "multipart/mixed; boundary=xyz"})
  void otherTypesAreRefused(String type) {
    refused(type, bytes(FORM));
  }

  @Test
  void bytesThatAreNoTextAreRefused() {
    byte[] form = bytes(FORM);
    form[new String(form, StandardCharsets.ISO_8859_1).indexOf("batch")] = (byte) 0xC0;
    refused(TYPE, form);
  }

  @Test
  void mutatedFormsAreReadOrRefused() {
    Random random = new Random(7);
    for (int i = 0; i < 20_000; i++) {
      byte[] form = bytes(FORM);
      for (int edits = 1 + random.nextInt(3); edits > 0; edits--) {
        form[random.nextInt(form.length)] = (byte) random.nextInt(256);
      }
      try {
        assertThat(Multipart.read(TYPE, form)).isNotEmpty();
      } catch (RefusedException e) {
        assertThat(e.refusal().code()).isEqualTo(ErrorCode.INVALID_REQUEST);
      }
    }
  }

  private static void refused(String type, byte[] body) {
    assertThatThrownBy(() -> Multipart.read(type, body))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> assertThat(e.refusal().code()).isEqualTo(ErrorCode.INVALID_REQUEST));
  }
}
