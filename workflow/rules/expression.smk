"""From RNA reads and their alignments to counts of genes."""

from readsight.wiring.expression import ExpressionWiring
from readsight.wiring.reads import ReadsWiring

expression = ExpressionWiring(project)


rule expression_genes:
    """Normalise the annotation: exons on the contigs of the reference as GTF, and a table of genes."""
    input:
        gtf=expression.gtf(),
        fai="<results>/align/reference/genome.fa.fai",
    output:
        gtf="<results>/expression/reference/genes.gtf",
        table="<results>/expression/reference/genes.tsv",
    log:
        "<logs>/expression_genes/genes.log",
    benchmark:
        "<benchmarks>/expression_genes/genes.tsv"
    priority: 20
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=expression.align.scale_memory(500, per_base=1),
    params:
        code=hash_code("expression_genes"),
    script:
        "../../scripts/expression_genes.py"


rule expression_strandedness:
    """Infer the strandedness of the library from the reads, and compare it with the sample sheet."""
    input:
        evidence=expression.strandedness_evidence,
        genes="<results>/expression/reference/genes.tsv",
    output:
        json="<results>/expression/{sample}.strandedness.json",
    log:
        "<logs>/expression_strandedness/{sample}.log",
    benchmark:
        "<benchmarks>/expression_strandedness/{sample}.tsv"
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=mem(300),
    params:
        code=hash_code("expression_strandedness"),
        claim=expression.strandedness_claim,
    script:
        "../../scripts/expression_strandedness.py"


rule expression_count:
    """Count fragments of each gene with featureCounts, using the inferred strandedness."""
    input:
        cram="<results>/align/{sample}.cram",
        crai="<results>/align/{sample}.cram.crai",
        fasta="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        gtf="<results>/expression/reference/genes.gtf",
        strandedness="<results>/expression/{sample}.strandedness.json",
        log="<results>/align/{sample}.Log.final.out",
    output:
        counts="<results>/expression/{sample}.counts.tsv",
        summary="<results>/expression/{sample}.featureCounts.txt.summary",
    log:
        "<logs>/expression_count/{sample}.log",
    benchmark:
        "<benchmarks>/expression_count/{sample}.tsv"
    conda:
        "../../envs/subread.yaml"
    threads: 4
    resources:
        mem_mb=expression.align.scale_memory(1500, per_base=0.5),
    params:
        code=hash_code("expression_count"),
        paired=expression.is_paired,
        min_assigned=expression.expression.min_assigned,
    script:
        "../../scripts/expression_count.py"


rule expression_quality:
    """Measure an RNA sample: assigned and ribosomal reads, duplicates, gene-body coverage, agreement of the counts."""
    input:
        cram="<results>/align/{sample}.cram",
        crai="<results>/align/{sample}.cram.crai",
        flagstat="<results>/align/{sample}.flagstat.txt",
        fasta="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        gtf="<results>/expression/reference/genes.gtf",
        genes="<results>/expression/reference/genes.tsv",
        counts="<results>/expression/{sample}.counts.tsv",
        star="<results>/expression/{sample}.star.tsv",
        strandedness="<results>/expression/{sample}.strandedness.json",
        log="<results>/align/{sample}.Log.final.out",
    output:
        body="<results>/expression/{sample}.gene_body.tsv",
        summary="<results>/expression/{sample}.summary.json",
    log:
        "<logs>/expression_quality/{sample}.log",
    benchmark:
        "<benchmarks>/expression_quality/{sample}.tsv"
    conda:
        "../../envs/star.yaml"
    threads: 1
    resources:
        mem_mb=expression.align.scale_memory(800, per_base=0.5),
    params:
        code=hash_code("expression_quality"),
    script:
        "../../scripts/expression_quality.py"


rule expression_transcripts:
    """Write the transcript sequences, spliced from the reference, and the gene of each."""
    input:
        gtf="<results>/expression/reference/genes.gtf",
        fasta="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
    output:
        fasta="<results>/expression/reference/transcripts.fa",
        genes="<results>/expression/reference/transcripts.tsv",
    log:
        "<logs>/expression_transcripts/transcripts.log",
    benchmark:
        "<benchmarks>/expression_transcripts/transcripts.tsv"
    priority: 20
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=expression.align.scale_memory(500, per_base=1),
    params:
        code=hash_code("expression_transcripts"),
    script:
        "../../scripts/expression_transcripts.py"


rule expression_index_salmon:
    """Build the Salmon index of the transcripts."""
    input:
        fasta="<results>/expression/reference/transcripts.fa",
        lints=expression.lint_files(),
    output:
        index=expression.salmon_index(),
    log:
        "<logs>/expression_index_salmon/salmon.log",
    benchmark:
        "<benchmarks>/expression_index_salmon/salmon.tsv"
    priority: 20
    conda:
        "../../envs/salmon.yaml"
    threads: 4
    resources:
        mem_mb=expression.align.scale_memory(1000, per_base=1),
    params:
        code=hash_code("expression_index_salmon"),
    script:
        "../../scripts/expression_index_salmon.py"


rule expression_salmon:
    """Estimate the abundance of transcripts and genes with Salmon."""
    input:
        fastqs=ReadsWiring(project).sample_reads,
        lints=ReadsWiring(project).sample_lints,
        index=expression.salmon_index(),
        genes="<results>/expression/reference/transcripts.tsv",
    output:
        genes="<results>/expression/{sample}.salmon.genes.tsv",
        transcripts="<results>/expression/{sample}.salmon.transcripts.tsv",
        strands="<results>/expression/{sample}.salmon.strands.json",
    log:
        "<logs>/expression_salmon/{sample}.log",
    benchmark:
        "<benchmarks>/expression_salmon/{sample}.tsv"
    conda:
        "../../envs/salmon.yaml"
    threads: 4
    resources:
        mem_mb=expression.align.scale_memory(1500, per_base=1),
    params:
        code=hash_code("expression_salmon"),
        mates=expression.align.mates_per_unit,
        min_assigned=expression.expression.min_assigned,
    script:
        "../../scripts/expression_salmon.py"


rule expression_swaps:
    """Check by shared SNVs that RNA and DNA of a donor match."""
    input:
        crams=expression.swap_crams(),
        crais=[f"{cram}.crai" for cram in expression.swap_crams()],
        calls=expression.swap_calls(),
        gtf="<results>/expression/reference/genes.gtf",
        fasta="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
    output:
        table="<results>/expression/cohort/swaps.tsv",
        matrix="<results>/expression/cohort/swaps.matrix.tsv",
        note="<results>/expression/cohort/swaps.note.json",
        summary="<results>/expression/cohort/swaps.summary.json",
    log:
        "<logs>/expression_swaps.log",
    benchmark:
        "<benchmarks>/expression_swaps.tsv"
    conda:
        "../../envs/dataset.yaml"
    threads: 4
    resources:
        mem_mb=expression.align.scale_memory(1500, per_base=0.5),
    params:
        code=hash_code("expression_swaps"),
        samples=expression.samples,
        donors=expression.sample_donors(),
        dna=project.dna_samples,
    script:
        "../../scripts/expression_swaps.py"


rule expression_plot_swaps:
    """Plot the similarity of RNA and DNA samples by their SNVs."""
    input:
        matrix="<results>/expression/cohort/swaps.matrix.tsv",
        table="<results>/expression/cohort/swaps.tsv",
    output:
        figure=report(
            "<results>/expression/cohort/swaps.svg",
            caption="../report/expression_swaps.rst",
            category="Expression",
            labels={"figure": "RNA and DNA of one donor"},
        ),
    log:
        "<logs>/expression_plot_swaps.log",
    benchmark:
        "<benchmarks>/expression_plot_swaps.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=mem(500),
    params:
        code=hash_code("expression_plot_swaps"),
    script:
        "../../scripts/expression_plot_swaps.py"


if project.config.demo:

    rule expression_compare:
        """Compare measured with planted expression."""
        input:
            data="<results>/expression/expression.h5ad",
            levels="<results>/demo/expression.tsv",
            truth="<results>/demo/expression.json",
            differential=expression.differential_table(),
        output:
            table="<results>/expression/planted/levels.tsv",
            genes="<results>/expression/planted/genes.tsv",
            summary="<results>/expression/planted/compare.summary.json",
        log:
            "<logs>/expression_compare.log",
        benchmark:
            "<benchmarks>/expression_compare.tsv"
        conda:
            "../../envs/dataset.yaml"
        threads: 1
        resources:
            mem_mb=mem(800),
        params:
            code=hash_code("expression_compare"),
            contrast=expression.contrast_groups(),
            seed=project.config.seed,
        script:
            "../../scripts/expression_compare.py"

    rule expression_plot_compare:
        """Plot measured against planted expression."""
        input:
            table="<results>/expression/planted/levels.tsv",
            genes="<results>/expression/planted/genes.tsv",
        output:
            levels=report(
                "<results>/expression/planted/levels.svg",
                caption="../report/expression_planted.rst",
                category="Expression",
                labels={"figure": "Measured against planted TPM"},
            ),
            changes=report(
                "<results>/expression/planted/changes.svg",
                caption="../report/expression_planted_changes.rst",
                category="Expression",
                labels={"figure": "Measured against planted fold changes"},
            ),
        log:
            "<logs>/expression_plot_compare.log",
        benchmark:
            "<benchmarks>/expression_plot_compare.tsv"
        conda:
            "../../envs/report.yaml"
        threads: 1
        resources:
            mem_mb=mem(500),
        params:
            code=hash_code("expression_plot_compare"),
        script:
            "../../scripts/expression_plot_compare.py"
