import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;

/**
 * Apache Avro's own verdicts. In: one line per question, tab-separated. Out: one line per answer, in order.
 * `pair reader writer` -> COMPATIBLE | INCOMPATIBLE | INVALID; `text schema` -> the schema as Avro prints it | INVALID.
 */
class AvroJudge {
  public static void main(String[] arguments) throws IOException {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] parts = line.split("\t");
      out.println(parts[0].equals("pair") ? judge(parts[1], parts[2]) : print(parts[1]));
    }
    out.flush();
  }

  private static String judge(String reader, String writer) {
    Schema readerSchema = parse(reader);
    Schema writerSchema = parse(writer);
    if (readerSchema == null || writerSchema == null) return "INVALID";
    try {
      return SchemaCompatibility.checkReaderWriterCompatibility(readerSchema, writerSchema).getType().toString();
    } catch (RuntimeException ambiguousField) {
      return "INCOMPATIBLE";
    }
  }

  private static String print(String text) {
    Schema schema = parse(text);
    return schema == null ? "INVALID" : schema.toString();
  }

  private static Schema parse(String text) {
    try {
      return new Schema.Parser().parse(text);
    } catch (RuntimeException invalid) {
      return null;
    }
  }
}
