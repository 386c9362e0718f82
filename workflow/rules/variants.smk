"""From alignments, or provided calls, to filtered and annotated calls."""

from readsight.wiring.variants import VariantsWiring

variants = VariantsWiring(project)


wildcard_constraints:
    piece="[0-9]+",


rule variants_regions:
    """Divide the genome, or the target regions, into pieces of equal length."""
    input:
        fai="<results>/align/reference/genome.fa.fai",
        targets=variants.targets_bed(),
    output:
        beds=variants.piece_beds(),
    params:
        code=hash_code("variants_regions"),
    log:
        "<logs>/variants_regions/regions.log",
    benchmark:
        "<benchmarks>/variants_regions/regions.tsv"
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=mem(500),
    script:
        "../../scripts/variants_regions.py"


rule variants_import:
    """Import provided calls, with the contigs of the reference."""
    input:
        vcf=variants.user_vcf(),
        fai="<results>/align/reference/genome.fa.fai",
    output:
        bcf=temp("<results>/variants/raw/given.bcf"),
    params:
        code=hash_code("variants_import"),
    log:
        "<logs>/variants_import/given.log",
    benchmark:
        "<benchmarks>/variants_import/given.tsv"
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(1500),
    script:
        "../../scripts/variants_import.py"


rule variants_normalise:
    """Merge the pieces of a caller and normalise its calls; kept, so that new filters need no new calling."""
    input:
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        pieces=variants.raw_calls,
    output:
        bcf="<results>/variants/normal/{caller}.bcf",
    params:
        code=hash_code("variants_normalise"),
        samples=variants.samples,
    log:
        "<logs>/variants_normalise/{caller}.log",
    benchmark:
        "<benchmarks>/variants_normalise/{caller}.tsv"
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(1500),
    script:
        "../../scripts/variants_normalise.py"


rule variants_filter:
    """Write failed filters of each call to FILTER."""
    input:
        calls="<results>/variants/normal/{caller}.bcf",
    output:
        bcf=temp("<results>/variants/filtered/{caller}.bcf"),
    params:
        code=hash_code("variants_filter"),
        filters=variants.variants.filters,
    log:
        "<logs>/variants_filter/{caller}.log",
    benchmark:
        "<benchmarks>/variants_filter/{caller}.tsv"
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(500),
    script:
        "../../scripts/variants_filter.py"


rule variants_genes:
    """Write the gene annotation in the GFF3 dialect of bcftools csq."""
    input:
        gtf=variants.gtf(),
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
    output:
        gff="<results>/variants/resources/genes.gff3",
    params:
        code=hash_code("variants_genes"),
    log:
        "<logs>/variants_genes/genes.log",
    benchmark:
        "<benchmarks>/variants_genes/genes.tsv"
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(2000),
    script:
        "../../scripts/variants_genes.py"


rule variants_prepare:
    """Normalise a VCF of known variants as the calls are."""
    input:
        vcf=variants.resource_vcf,
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
    output:
        bcf="<results>/variants/resources/{resource}.bcf",
        csi="<results>/variants/resources/{resource}.bcf.csi",
    params:
        code=hash_code("variants_prepare"),
    log:
        "<logs>/variants_prepare/{resource}.log",
    benchmark:
        "<benchmarks>/variants_prepare/{resource}.tsv"
    wildcard_constraints:
        resource="known[0-9]+|population|clinvar",
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(1500),
    script:
        "../../scripts/variants_prepare.py"


rule variants_repeats:
    """List the lower-case (soft-masked) regions of the provided FASTA."""
    input:
        fasta=project.config.reference.fasta or [],
    output:
        bed="<results>/variants/resources/repeats.bed.gz",
        csi="<results>/variants/resources/repeats.bed.gz.csi",
    params:
        code=hash_code("variants_repeats"),
    log:
        "<logs>/variants_repeats/repeats.log",
    benchmark:
        "<benchmarks>/variants_repeats/repeats.tsv"
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    script:
        "../../scripts/variants_repeats.py"


rule variants_annotate:
    """Annotate calls with consequence, identifier, population frequency and clinical significance."""
    input:
        calls="<results>/variants/filtered/{caller}.bcf",
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        genes=variants.gene_gff(),
        repeats="<results>/variants/resources/repeats.bed.gz",
        repeats_index="<results>/variants/resources/repeats.bed.gz.csi",
        resources=variants.resource_bcfs(),
        indexes=variants.resource_indexes(),
    output:
        bcf="<results>/variants/{caller}.bcf",
        csi="<results>/variants/{caller}.bcf.csi",
    params:
        code=hash_code("variants_annotate"),
    log:
        "<logs>/variants_annotate/{caller}.log",
    benchmark:
        "<benchmarks>/variants_annotate/{caller}.tsv"
    wildcard_constraints:
        caller=variants.caller_constraint,
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(1500),
    script:
        "../../scripts/variants_annotate.py"


rule variants_consensus:
    """Keep the calls supported by a minimum number of callers."""
    input:
        calls=variants.final_bcfs(),
        indexes=variants.call_indexes(),
    output:
        bcf="<results>/variants/consensus.bcf",
        csi="<results>/variants/consensus.bcf.csi",
    params:
        code=hash_code("variants_consensus"),
        callers=variants.callers,
        least=variants.variants.consensus,
    log:
        "<logs>/variants_consensus/consensus.log",
    benchmark:
        "<benchmarks>/variants_consensus/consensus.tsv"
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    script:
        "../../scripts/variants_consensus.py"


rule variants_stats:
    """Count the calls of a caller by type and filter."""
    input:
        calls="<results>/variants/{caller}.bcf",
        csi="<results>/variants/{caller}.bcf.csi",
    output:
        stats="<results>/variants/{caller}.stats.txt",
        summary="<results>/variants/{caller}.summary.json",
        note="<results>/variants/{caller}.note.json",
    params:
        code=hash_code("variants_stats"),
    log:
        "<logs>/variants_stats/{caller}.log",
    benchmark:
        "<benchmarks>/variants_stats/{caller}.tsv"
    conda:
        "../../envs/bcftools.yaml"
    threads: 1
    resources:
        mem_mb=mem(500),
    script:
        "../../scripts/variants_stats.py"
